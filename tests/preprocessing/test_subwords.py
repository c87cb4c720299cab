"""Texts as a tokenizer of KerasHub cuts them."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.errors import ModelFileError
from nncli.models import hub_presets, hub_tokenizer
from nncli.preprocessing import SubwordPreprocessing, Tokenizer, features
from nncli.preprocessing.applying import Applied
from nncli.preprocessing.subwords import Tokenizing, fit

keras_hub = pytest.importorskip("keras_hub", reason="KerasHub is not installed: nncli[hub]")
# KerasHub 0.32 leaves the file open, which is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*vocabulary.spm:ResourceWarning")
TEXTS = ["The film was good, very GOOD!", "", "bad", "é 漢字 😀 xyzzy", "the plot " * 30, " \n"]


@pytest.fixture
def read(text_preset: Callable[[str], Path]) -> Callable[[str], Tokenizer]:
    """The tokenizer of a small preset."""
    return lambda family: hub_tokenizer.read(hub_presets.found(str(text_preset(family))))


@pytest.mark.parametrize(
    "family", ["Bert", "DistilBert", "Roberta", "XLMRoberta", "Albert", "DebertaV3"]
)
def test_texts_become_what_keras_hub_gives_its_classifiers(
    family: str, read: Any, text_preset: Any
) -> None:
    settings = SubwordPreprocessing(tokenizer=read(family), length=12)
    theirs = keras_hub.models.TextClassifierPreprocessor.from_preset(
        str(text_preset(family)), sequence_length=12
    )(TEXTS)
    ours = Applied(settings)(np.array(TEXTS, object))
    assert ours.dtype == np.int32
    np.testing.assert_array_equal(ours, theirs["token_ids"])
    np.testing.assert_array_equal(ours != features(settings).padding, theirs["padding_mask"])


def test_words_that_are_remembered_are_those_of_the_whole_text(read: Any) -> None:
    tokenizing = Tokenizing(read("Bert"))
    letters = "goodfilm the\u00a0\u2003\t\n\u200b\u0301é漢,.!'-\x00\x85ﬁ[CLS]"
    numbers = random.Random(0)
    texts = ["".join(numbers.choices(letters, k=numbers.randint(0, 30))) for _ in range(500)]
    whole = tokenizing._run.tokenize(texts)
    assert tokenizing.cut(texts) == [list(tokens) for tokens in whole]


def batches(texts: list[str], size: int = 7) -> Callable[[], Iterator[Any]]:
    parts = [np.array(texts[i : i + size], object) for i in range(0, len(texts), size)]
    return lambda: iter(parts)


def test_the_length_holds_most_texts_whole_and_is_what_the_network_takes(read: Any) -> None:
    tokenizer = read("Bert")
    short, long = ["good film"] * 99, ["the plot was very dull"]
    assert fit(tokenizer, batches(short + long), examples=100).length == 2 + 2
    assert fit(tokenizer, batches(short + long * 5), examples=104).length == 5 + 2
    assert fit(tokenizer, batches(["bad " * 40] * 3), examples=3).length == 32
    assert fit(tokenizer, batches([""]), examples=1).length == 3


def test_of_many_texts_some_of_all_places_are_counted(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    cut = Tokenizing.cut

    def listening(self: Tokenizing, texts: list[str]) -> list[list[int]]:
        counted.extend(texts)
        return cut(self, texts)

    monkeypatch.setattr(Tokenizing, "cut", listening)
    monkeypatch.setattr("nncli.preprocessing.subwords.MEASURED", 10)
    texts = [str(place) for place in range(30)]
    fit(read("Bert"), batches(texts), examples=30)
    assert counted == texts[::3]


def test_a_description_of_somebody_else_opens_no_file_and_makes_nothing_else(
    read: Any, tmp_path: Path
) -> None:
    tokenizer = read("Bert")
    secret = tmp_path / "secret.txt"
    secret.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsecret\n")
    options = {**tokenizer.options, "vocabulary": str(secret)}
    outside = Tokenizing(tokenizer.model_copy(update={"options": options}))
    assert outside.cut(["secret"]) == Tokenizing(tokenizer).cut(["secret"])
    for name in ("Layer", "os", "compute_word_piece_vocabulary"):
        with pytest.raises(ModelFileError, match="has no tokenizer"):
            Tokenizing(tokenizer.model_copy(update={"name": name}))


@pytest.mark.parametrize("content", [b"a\nb", None, b"!"])
def test_a_damaged_vocabulary_is_a_sentence(read: Any, content: bytes | None) -> None:
    tokenizer = read("Bert")
    files = {}
    if content is not None:
        files["vocabulary.txt"] = base64.b64encode(content).decode().replace("IQ==", "%")
    with pytest.raises(ModelFileError, match="BertTokenizer"):
        Tokenizing(tokenizer.model_copy(update={"files": files}))

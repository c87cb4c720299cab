"""Runs on texts with a preset of KerasHub: it learns, resumes exactly, and is asked about texts."""

from __future__ import annotations

import csv
import random
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncli
from nncli import backend
from nncli.backend import is_installed
from nncli.data import cache
from nncli.errors import InterruptedRunError, ModelFileError, UsageError
from nncli.inference import evaluate, predict
from nncli.models.cost import activation_bytes
from nncli.preprocessing import SubwordPreprocessing, archive
from nncli.preprocessing.subwords import Tokenizing
from nncli.reporting import SilentReporter
from processes import run_on_jax
from stopping import Stopping

pytest.importorskip("keras_hub", reason="KerasHub is not installed: nncli[hub]")
# KerasHub 0.32 leaves the file open, which is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*vocabulary.spm:ResourceWarning")
WORDS = ["the", "film", "was", "a", "plot", "dull", "great", "actor", "and", "very"]


def sentence(number: int) -> tuple[str, str]:
    """A text in which both words are, and which of them comes first."""
    own = random.Random(number)
    words = own.choices(WORDS, k=own.randint(2, 8))
    pair = ["good", "bad"] if number % 2 else ["bad", "good"]
    places = sorted(own.sample(range(len(words) + 1), 2))
    for place, word in zip(reversed(places), reversed(pair), strict=True):
        words.insert(place, word)
    return " ".join(words), pair[0]


@pytest.fixture
def sentences() -> Path:
    """A table whose answer is in the order of the words alone."""
    with Path("sentences.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["text", "first"])
        rows.writerows(sentence(number) for number in range(800))
    return Path("sentences.csv")


def described(table: Path, preset: Path, **more: Any) -> dict[str, Any]:
    model = {"type": "pretrained", "preset": str(preset), **more.pop("model", {})}
    dataset = {"type": "table", "path": str(table.absolute()), "target": "first"}
    return {
        "dataset": dataset | more.pop("dataset", {}),
        "model": model,
        "training": {"epochs": 2, "batch_size": 32} | more,
    }


@pytest.mark.slow
def test_the_order_of_words_is_learned_evaluated_and_asked_for(
    sentences: Path, text_preset: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = described(
        sentences, text_preset("Bert"), epochs=16,
        model={"unfreeze_at": 0, "fine_tuning_rate": 0.003},
    )  # fmt: skip
    result = nncli.train(experiment, run_dir="run")
    test = result.metrics.test
    assert test is not None
    assert (test["accuracy"] or 0) >= 0.9  # without the order it is 0.5
    with monkeypatch.context() as patch:  # they are in the cache, cut as the model wants them
        patch.setattr(Tokenizing, "cut", None)
        again = evaluate(Path("run/model.keras"))
    assert again.metrics["loss"] == pytest.approx(test["loss"], abs=1e-6)
    texts = [sentence(number) for number in range(1000, 1200)]
    said = predict("run/model.keras", texts=[text for text, _ in texts]).labels
    right = np.mean([label == answer for label, (_, answer) in zip(said, texts, strict=True)])
    assert right >= 0.9
    Path("asked").mkdir()
    Path("asked/one.txt").write_text(texts[0][0], encoding="utf-8")
    assert predict("run/model.keras", "asked").labels == said[:1]
    with zipfile.ZipFile("run/model.keras") as opened:
        assert "nncli.json" in opened.namelist()


def weights_of(run: str) -> list[bytes]:
    model = archive.open_model(Path(run, "model.keras"))
    return [array.tobytes() for array in model.get_weights()]


def check_exact(table: Path, preset: Path, keras_backend: str) -> None:
    """Interrupted in both phases, it ends as it does without, and says what it said."""
    experiment = described(
        table, preset, backend=keras_backend, steps_per_execution=1, batch_size=128,
        model={"unfreeze_at": 1},
    )  # fmt: skip
    whole = nncli.train(experiment, run_dir="whole")
    with pytest.raises(InterruptedRunError):
        nncli.train(experiment, run_dir="run", reporter=Stopping(steps=2))
    with pytest.raises(InterruptedRunError):
        nncli.resume("run", reporter=Stopping(steps=6))
    nncli.resume("run")
    assert weights_of("run") == weights_of("whole")
    test = whole.metrics.test
    assert test is not None
    evaluated = evaluate(Path("whole/model.keras"), backend="tensorflow")
    assert evaluated.metrics["loss"] == pytest.approx(test["loss"], abs=1e-5)


@pytest.mark.slow
def test_a_run_is_resumed_exactly(sentences: Path, text_preset: Callable[[str], Path]) -> None:
    check_exact(sentences, text_preset("XLMRoberta"), "tensorflow")


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed: nncli[jax]")
def test_it_is_exact_on_jax_too(sentences: Path, text_preset: Callable[[str], Path]) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "import test_preset_texts as here\n"
        "here.evaluate = lambda path, backend: here.nncli.evaluate(path)\n"
        "here.check_exact(Path(sys.argv[1]), Path(sys.argv[2]), 'jax')\n"
    )
    run_on_jax(code, str(sentences), str(text_preset("Roberta")), beside=__file__)


def prepared(experiment: Mapping[str, Any]) -> Any:
    from nncli.config import Layer, load_experiment
    from nncli.training.preparing import prepare

    return prepare(load_experiment([], Layer(dict(experiment))), SilentReporter())


@pytest.mark.usefixtures("shared_cache")
def test_the_length_is_that_of_most_texts_or_as_it_is_said(
    sentences: Path, text_preset: Callable[[str], Path]
) -> None:
    preset = text_preset("Roberta")
    fitted = prepared(described(sentences, preset)).dataset.preprocessing
    assert isinstance(fitted, SubwordPreprocessing)
    assert 3 < fitted.length <= 32
    said = prepared(described(sentences, preset, dataset={"sequence_length": 9})).dataset
    assert said.splits["train"].inputs.shape[1:] == (9,)
    assert said.preprocessing == fitted.model_copy(update={"length": 9})
    # The first ends with the text that it holds, and begins as it does.
    assert set(said.splits["train"].inputs[:, 0]) == {fitted.tokenizer.start}


@pytest.mark.usefixtures("shared_cache")
def test_a_batch_has_room_for_what_learns_later(
    sentences: Path, text_preset: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    preset = text_preset("Bert")
    network = prepared(described(sentences, preset, model={"weights": "none"})).networks.trained
    needed = 3 * activation_bytes(network)  # of an example, on TensorFlow
    monkeypatch.setattr(backend, "memory_bytes", lambda: 2 * 8 * needed)
    for tuning, size in (({"unfreeze_at": 1}, 8), ({}, 16)):
        experiment = described(sentences, preset, batch_size="auto", model=tuning)
        assert prepared(experiment).experiment.training.batch_size == size


def test_what_the_preset_decides_is_not_said_twice(
    sentences: Path, text_preset: Callable[[str], Path]
) -> None:
    preset = text_preset("Bert")
    for key, value in (("tokens", "characters"), ("vocabulary_size", 100)):
        with pytest.raises(UsageError, match=f"dataset.{key}: the preset of the model cuts"):
            prepared(described(sentences, preset, dataset={key: value}))
    for length in (2, 33):
        with pytest.raises(UsageError, match=f"{length} is not from 3 to 32"):
            prepared(described(sentences, preset, dataset={"sequence_length": length}))


def test_what_is_no_text_is_refused(text_preset: Callable[[str], Path]) -> None:
    preset = {"type": "pretrained", "preset": str(text_preset("Bert"))}
    with pytest.raises(ModelFileError, match="reads texts; digits has images"):
        prepared({"dataset": "digits", "model": preset})
    Path("two.csv").write_text("text,size,first\n" + "a film,1,x\nthe plot,2,y\n" * 20)
    with pytest.raises(ModelFileError, match="reads texts; two has rows of 2 columns") as caught:
        prepared(described(Path("two.csv"), text_preset("Bert")))
    assert "ignore" in (caught.value.hint or "")
    columns = {"columns": {"size": "ignore", "text": "text"}}
    assert prepared(described(Path("two.csv"), text_preset("Bert"), dataset=columns))
    assert not [entry for entry in cache.cached() if entry.name == "digits"]

"""Networks of KerasHub that read texts, from small presets that are made here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nncli import models, preprocessing
from nncli.descriptions import ClassTarget, Features
from nncli.errors import ModelFileError, UsageError
from nncli.models import PretrainedModel, build, hub_presets
from nncli.models.cost import activation_bytes, flops
from nncli.preprocessing import SubwordPreprocessing, archive
from nncli.training.fetching import check_weights

keras_hub = pytest.importorskip("keras_hub", reason="KerasHub is not installed: nncli[hub]")
# KerasHub 0.32 leaves the file open, which is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*vocabulary.spm:ResourceWarning")

TWO = ClassTarget(names=("bad", "good"))
TEXTS = ["The film was good, very good", "bad plot", "", "the dull dull dull actor " * 9]
Presets = Callable[[str], Path]


def settings(folder: Path, **more: Any) -> PretrainedModel:
    return PretrainedModel.model_validate({"preset": str(folder), **more})


def prepared(folder: Path, length: int = 12) -> SubwordPreprocessing:
    tokenizer = models.given_preprocessing(settings(folder))
    assert isinstance(tokenizer, preprocessing.Tokenizer)
    return SubwordPreprocessing(tokenizer=tokenizer, length=length)


def built(folder: Path, **more: Any) -> Any:
    return build(settings(folder, **more), preprocessing.features(prepared(folder)), TWO)


def tokens_of(folder: Path) -> Any:
    from nncli.preprocessing.applying import Applied

    return Applied(prepared(folder))(np.array(TEXTS, object))


@pytest.mark.parametrize("family", ["Bert", "Roberta", "XLMRoberta", "Albert", "DebertaV3"])
@pytest.mark.parametrize("pooling", ["average", "max", "first"])
def test_it_says_what_keras_hub_does_about_the_tokens_that_are_there(
    text_preset: Presets, family: str, pooling: str, tmp_path: Path
) -> None:
    folder = text_preset(family)
    seen = keras_hub.models.TextClassifierPreprocessor.from_preset(str(folder), sequence_length=12)(
        TEXTS
    )
    said = keras_hub.models.Backbone.from_preset(str(folder))(seen)
    vectors = np.asarray(said["sequence_output"] if isinstance(said, dict) else said)
    known = np.asarray(seen["padding_mask"])[..., None].astype(bool)
    wanted = {
        "average": np.where(known, vectors, 0).sum(1) / known.sum(1),
        "max": np.where(known, vectors, -np.inf).max(1),
        "first": vectors[:, 0],
    }[pooling]
    network = built(folder, pooling=pooling)
    ours = keras.Model(network.inputs[0], network.get_layer("dropout").output)
    tokens = tokens_of(folder)
    np.testing.assert_allclose(ours(tokens), wanted, rtol=1e-4, atol=1e-5)
    network.save(tmp_path / "network.keras")
    again = archive.open_model(tmp_path / "network.keras")
    np.testing.assert_allclose(again(tokens), network(tokens), atol=1e-6)


def test_only_the_output_learns_and_then_all_that_the_answer_comes_from(
    text_preset: Presets,
) -> None:
    network = built(text_preset("Bert"))
    assert [weight.path for weight in network.trainable_weights] == ["logits/kernel", "logits/bias"]
    models.let_base_learn(network, True)
    names = [weight.path for weight in network.trainable_weights]
    assert len(names) > 30
    assert not any("pooled" in name for name in names)  # which would be trained by nothing
    assert len(built(text_preset("Bert"), weights="none").trainable_weights) == len(names)


def test_a_file_of_weights_is_of_the_same_network(text_preset: Presets, tmp_path: Path) -> None:
    learned = keras_hub.models.Backbone.from_preset(str(text_preset("Roberta")))
    learned.set_weights([array + 1 for array in learned.get_weights()])
    file = tmp_path / "other.weights.h5"
    learned.save_weights(file)
    base = built(text_preset("Roberta"), weights=str(file)).get_layer("base")
    for one, other in zip(base.get_weights(), learned.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ModelFileError, match="does not hold the weights of"):
        built(text_preset("Bert"), weights=str(file))


def test_it_costs_what_its_layers_do_at_every_token(text_preset: Presets) -> None:
    network = built(text_preset("Bert"), weights="none", dropout=0.0)
    block = 12 * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 12 * 12 * 16
    assert flops(network) == 2 * (2 * block + 16 * 2)
    # Of a block: queries, keys, values and answers, two normalizations, two dense layers and the
    # sum; and who attends to whom. In front of the blocks three embeddings and a normalization.
    inside = 12 * (3 * 8 + 16 + 2 * 16 + 32 + 16 + 16) + 12 * 12 * 2
    assert activation_bytes(network) == pytest.approx(4 * (2 * inside + 4 * 12 * 16), rel=0.15)
    assert activation_bytes(built(text_preset("Bert"))) >= 4 * inside  # frozen, it computes too


def test_a_layer_that_is_used_twice_costs_twice(text_preset: Presets) -> None:
    network = built(text_preset("Albert"), dropout=0.0)
    block = 12 * (4 * 16 * 16 + 2 * 16 * 32) + 2 * 12 * 12 * 16
    assert flops(network) == 2 * (2 * block + 12 * 16 * 16 + 16 * 2)


def test_what_writes_texts_is_refused_by_name_and_by_folder(text_preset: Presets) -> None:
    for preset in ("gpt2_base_en", "t5_small_multi", str(text_preset("GPT2"))):
        with pytest.raises(UsageError, match="is made to write texts") as caught:
            check_weights(PretrainedModel(preset=preset))
        assert "bert_tiny_en_uncased" in (caught.value.hint or "")


def test_texts_and_images_are_not_mixed_up(text_preset: Presets) -> None:
    folder = text_preset("Bert")
    image = Features(kind="image", shape=(8, 8, 1))
    with pytest.raises(UsageError, match="reads texts and cannot take images"):
        build(settings(folder), image, TWO)
    with pytest.raises(UsageError, match="looks at images and cannot take texts") as caught:
        build(PretrainedModel(name="vgg16", weights="none"), _features(folder), TWO)
    assert "model.preset=" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="image_size is about images") as caught:
        check_weights(settings(folder, image_size=(8, 8)))
    assert "dataset.sequence_length" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="first is for texts"):
        check_weights(PretrainedModel(name="vgg16", pooling="first", weights="none"))


def _features(folder: Path) -> Features:
    return preprocessing.features(prepared(folder))


def test_a_folder_without_its_tokenizer_is_told_before_keras_is_there(
    text_preset: Presets, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(text_preset("Roberta"), folder)
    (folder / "assets" / "tokenizer" / "merges.txt").unlink()
    code = (
        "import sys; from pathlib import Path; from nncli.cli import main\n"
        "preset = '{type: pretrained, preset: %s}' % sys.argv[1]\n"
        "code = main(['train', '--dataset', 'digits', '--set', f'model={preset}'])\n"
        "assert 'keras' not in sys.modules; sys.exit(code)\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "lacks assets/tokenizer/merges.txt" in done.stderr


def test_a_tokenizer_of_another_network_is_refused(text_preset: Presets, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(text_preset("Bert"), folder)
    vocabulary = folder / "assets" / "tokenizer" / "vocabulary.txt"
    vocabulary.write_text(vocabulary.read_text() + "more\nand more\n")
    with pytest.raises(ModelFileError, match=r"makes 72 different tokens; its network knows 70"):
        built(folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelFileError, match="cannot be read as a preset"):
        built(folder)


def test_the_vocabularies_of_all_families_are_known() -> None:
    files = {}
    for name, handle in hub_presets.names().items():
        preset = hub_presets.found(name)
        if preset.sees == "texts":
            files[preset.family] = [Path(file).name for file in preset.vocabulary]
            assert handle
    assert files == {
        "albert": ["vocabulary.spm"],
        "bert": ["vocabulary.txt"],
        "deberta_v3": ["vocabulary.spm"],
        "distil_bert": ["vocabulary.txt"],
        "electra": ["vocabulary.txt"],
        "esm": ["vocabulary.txt"],
        "f_net": ["vocabulary.spm"],
        "roberta": ["vocabulary.json", "merges.txt"],
        "xlm_roberta": ["vocabulary.spm"],
    }

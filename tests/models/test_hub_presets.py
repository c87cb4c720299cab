"""Names and places of KerasHub's presets, which are known without importing it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nncli.backend import is_installed
from nncli.config import Layer, load_experiment
from nncli.data.network import offline
from nncli.errors import ExperimentError, ModelFileError, NotFoundError, UsageError
from nncli.models import PretrainedModel, families_for, hub_families, hub_presets
from nncli.reporting import SilentReporter
from nncli.training.fetching import check_weights, fetch_preset

with_hub = pytest.mark.skipif(
    not is_installed("keras_hub"), reason="KerasHub is not installed: nncli[hub]"
)
NAME = "resnet_18_imagenet"


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    families = (hub_families.library, hub_families.presets, hub_families.seen, hub_families.writes)
    known = (hub_presets.names, *families)
    for function in known:
        function.cache_clear()
    yield
    for function in known:
        function.cache_clear()


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    return tmp_path / "kagglehub"


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("preset", [NAME, "./nowhere"])
def test_without_the_extra_it_is_named_before_anything_is_loaded(
    preset: str, run_cli: Callable[..., Any]
) -> None:
    settings = f"model={{type: pretrained, preset: {preset}}}"
    done = run_cli(["train", "--dataset", "digits", "--set", settings])
    assert done.exit_code == 2
    assert "which is not installed" in done.stderr
    assert "nncli[hub]" in done.stderr


def experiment(**model: Any) -> Any:
    return load_experiment([], Layer({"dataset": "digits", "model": model})).model


def test_a_preset_has_weights_of_its_own() -> None:
    assert experiment(type="pretrained", preset=NAME).weights == "preset"
    assert experiment(type="pretrained", name="vgg16").weights == "imagenet"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({}, "needs a name"),
        ({"name": "vgg16", "preset": NAME}, "needs a name"),
        ({"name": "vgg16", "weights": "preset"}, "weights: preset needs a preset"),
        ({"preset": NAME, "weights": "imagenet"}, "weights: imagenet needs a name"),
        ({"preset": NAME, "weights": "none", "unfreeze_at": 1}, "with weights: none all"),
    ],
)
def test_what_does_not_fit_together_is_refused(model: dict[str, Any], said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        experiment(type="pretrained", **model)


def test_it_is_not_advised_without_a_name() -> None:
    assert "pretrained" not in families_for("image")
    assert "cnn" in families_for("image")


def test_a_folder_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "inside" / "mine.yaml"
    file.parent.mkdir()
    file.write_text("dataset: digits\nmodel: {type: pretrained, preset: ./tiny}\n")
    model: Any = load_experiment([file], Layer({})).model
    assert model.preset == str(file.parent / "tiny")
    file.write_text(f"dataset: digits\nmodel: {{type: pretrained, preset: {NAME}}}\n")
    model = load_experiment([file], Layer({})).model
    assert model.preset == NAME


@with_hub
def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match=f"did you mean {NAME}?"):
        check_weights(PretrainedModel(preset="resnet18_imagenet"))
    with pytest.raises(NotFoundError, match="there is no folder"):
        check_weights(PretrainedModel(preset="./nowhere"))


@with_hub
def test_names_are_those_that_keras_hub_knows() -> None:
    code = (
        "import keras_hub as h\n"
        "print(*h.models.ImageClassifier.presets, *h.models.TextClassifier.presets)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    theirs = set(done.stdout.split("\n")[-2].split())
    assert set(hub_presets.names()) >= theirs > {NAME}


@with_hub
def test_a_preset_may_stand_alone() -> None:
    model = load_experiment([], Layer({"dataset": "digits", "model": NAME})).model
    assert isinstance(model, PretrainedModel)
    assert model.preset == NAME


@with_hub
@pytest.mark.usefixtures("no_network")
def test_without_a_network_it_is_said_where_the_preset_is_had(cache_folder: Path) -> None:
    for context, said in ((None, "cannot be downloaded"), (offline(), "is not to be used")):
        with pytest.raises(ModelFileError, match=said) as caught:
            if context is None:
                check_weights(PretrainedModel(preset=NAME))
            else:
                with context:
                    check_weights(PretrainedModel(preset=NAME))
        hint = caught.value.hint or ""
        assert "https://www.kaggle.com/models/keras/" in hint
        assert f"--set model.preset=./{NAME}" in hint
        assert str(cache_folder / "models") in hint


@with_hub
@pytest.mark.usefixtures("cache_folder")
def test_what_has_been_downloaded_needs_no_network() -> None:
    preset = hub_presets.found(NAME)
    marks = preset.folder.parent / ".complete" / preset.folder.name
    for folder in (preset.folder, marks):
        folder.mkdir(parents=True)
    for file in ("config.json", "image_converter.json", "model.weights.h5"):
        (preset.folder / file).write_text("{}")
        (marks / f"{file}.complete").touch()
    with offline():
        check_weights(PretrainedModel(preset=NAME))
    (marks / "model.weights.h5.complete").unlink()  # it was cut off
    assert preset.missing() == ["model.weights.h5"]
    with offline(), pytest.raises(ModelFileError):
        check_weights(PretrainedModel(preset=NAME))
    with offline():
        check_weights(PretrainedModel(preset=NAME, weights="none"))


@with_hub
def test_a_folder_without_a_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="holds no preset of KerasHub"):
        check_weights(PretrainedModel(preset=str(tmp_path)))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelFileError, match=r"there is no model.weights.h5"):
        check_weights(PretrainedModel(preset=str(tmp_path)))


def test_without_the_extra_no_name_is_known(no_hub: None) -> None:
    assert not hub_presets.names()
    with pytest.raises(UsageError, match="not installed"):
        hub_presets.found(NAME)


@with_hub
@pytest.mark.usefixtures("cache_folder")
def test_what_is_missing_is_downloaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def download(handle: str, file: str) -> None:
        """Stands for the network: what KerasHub's library leaves behind."""
        asked.append((handle, file))
        if len(asked) == 3:
            raise ValueError("the connection was lost")
        preset = hub_presets.found(NAME)
        marks = preset.folder.parent / ".complete" / preset.folder.name
        for place in (preset.folder / file, marks / f"{file}.complete"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(model_download=download))
    monkeypatch.setattr("nncli.training.fetching_presets.reachable", lambda urls: True)
    settings = PretrainedModel(preset=NAME)
    with pytest.raises(ModelFileError, match=r"weights.h5 of .* the connection was lost"):
        fetch_preset(settings, SilentReporter())
    fetch_preset(settings, SilentReporter())
    fetch_preset(settings, SilentReporter())
    handle = hub_presets.names()[NAME]
    files = ["config.json", "image_converter.json", "model.weights.h5", "model.weights.h5"]
    assert asked == [(handle, file) for file in files]


@with_hub
@pytest.mark.usefixtures("cache_folder")
def test_a_tokenizer_of_another_family_brings_its_own_vocabulary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "multilingual_e5_small"  # a BERT that learned with the tokens of XLM-RoBERTa
    asked: list[str] = []

    def download(handle: str, file: str) -> None:
        asked.append(file)
        preset = hub_presets.found(name)
        place = preset.folder / file
        mark = preset.folder.parent / ".complete" / preset.folder.name / f"{file}.complete"
        for path in (place, mark):
            path.parent.mkdir(parents=True, exist_ok=True)
        place.write_text('{"module": "keras_hub.src.models.xlm_roberta.xlm_roberta_tokenizer"}')
        mark.touch()

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(model_download=download))
    monkeypatch.setattr("nncli.training.fetching_presets.reachable", lambda urls: True)
    fetch_preset(PretrainedModel(preset=name), SilentReporter())
    vocabulary = "assets/tokenizer/vocabulary.spm"
    assert asked == ["config.json", "tokenizer.json", vocabulary, "model.weights.h5"]

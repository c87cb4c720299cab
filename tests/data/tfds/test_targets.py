"""What of a tensorflow-datasets builder is predicted, and what else can be named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from nncli import data
from nncli.data import TfdsDataset
from nncli.data.tfds.features import meaning
from nncli.data.tfds.targets import decided
from nncli.descriptions import ClassTarget, LabelsTarget, TableInput, TextInput, ValueTarget
from nncli.errors import DataError
from nncli.reporting import SilentReporter

COUNT = 60


class NncliSayings(tfds.core.GeneratorBasedBuilder):
    """Texts with a bit of everything that could be predicted."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features
        return self.dataset_info_from_configs(
            features=features.FeaturesDict(
                {
                    "text": features.Text(),
                    "intent": features.Tensor(shape=(), dtype=np.int32),
                    "topic": features.Text(),
                    "about": features.FeaturesDict(
                        {
                            "length": features.Tensor(shape=(), dtype=np.float32),
                            "year": features.Tensor(shape=(), dtype=np.int64),
                            "is_long": features.Tensor(shape=(), dtype=np.bool_),
                            "is_odd": features.Tensor(shape=(), dtype=np.bool_),
                        }
                    ),
                    "place": features.Tensor(shape=(2, 2), dtype=np.float32),
                    "moods": features.Sequence(features.ClassLabel(names=["glad", "sad", "mad"])),
                }
            ),
            supervised_keys=("text", "intent"),
        )

    def _split_generators(self, manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples(0), "test": self._generate_examples(1)}

    def _generate_examples(self, first: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(COUNT):
            value = number % 30
            yield (
                number,
                {
                    "text": f"saying {value} of somebody wise",
                    "intent": value,
                    "topic": "bread" if number % 2 else ("wine" if first else "water"),
                    "about": {
                        "length": float(number),
                        "year": 1900 + number,
                        "is_long": number > 30,
                        "is_odd": bool(number % 2),
                    },
                    "place": np.full((2, 2), number, np.float32),
                    "moods": ["glad"] * (number % 2) + ["mad"] * (number % 3 == 0),
                },
            )


@pytest.fixture(scope="module")
def sayings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    settings = TfdsDataset(name="nncli_sayings", data_dir=folder)
    data.prepare(settings, archives=None, reporter=SilentReporter())
    return folder


def loaded(folder: Path, reporter: Any, **settings: Any) -> data.Dataset:
    chosen = TfdsDataset(name="nncli_sayings", data_dir=folder, validation=0.0, **settings)
    return data.load(chosen, seed=0, reporter=reporter)


def test_codes_are_classes_and_said_to_be(sayings: Path, reporter: Any) -> None:
    dataset = loaded(sayings, reporter)
    assert dataset.inputs == TextInput()
    assert dataset.target == ClassTarget(names=tuple(map(str, range(30))))
    assert np.bincount(dataset.splits["train"].labels).tolist() == [2] * 30
    assert dataset.found == {"task": "classes"}
    assert "if it is values: --set dataset.task=values" in reporter.notices[0]


def test_the_task_can_be_said(sayings: Path, reporter: Any) -> None:
    dataset = loaded(sayings, reporter, task="values")
    assert isinstance(dataset.target, ValueTarget)
    assert dataset.target.names == ("intent",)
    assert not reporter.notices


def test_whole_numbers_that_are_no_codes_are_a_value(sayings: Path, reporter: Any) -> None:
    dataset = loaded(sayings, reporter, target="about/year")
    assert isinstance(dataset.target, ValueTarget)
    assert dataset.inputs == TextInput()  # the input stays where only the target is named


def test_words_are_classes_where_they_are_named(sayings: Path, reporter: Any) -> None:
    dataset = loaded(sayings, reporter, target="topic")
    assert dataset.target == ClassTarget(names=("bread", "water", "wine"))  # wine only in test
    train, test = (set(dataset.splits[name].labels.tolist()) for name in ("train", "test"))
    assert (train, test) == ({0, 1}, {0, 2})


def test_a_sequence_of_classes_are_labels(sayings: Path, reporter: Any) -> None:
    dataset = loaded(sayings, reporter, target="moods")
    assert dataset.target == LabelsTarget(names=("glad", "sad", "mad"))
    rows = {tuple(row) for row in dataset.splits["train"].labels.tolist()}
    assert rows == {(0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1)}


def test_several_truths_are_labels_and_several_numbers_values(sayings: Path, reporter: Any) -> None:
    truths = loaded(sayings, reporter, target=("about/is_long", "about/is_odd"))
    assert truths.target == LabelsTarget(names=("is_long", "is_odd"))
    values = loaded(sayings, reporter, target=("about/length", "about/year"))
    assert isinstance(values.target, ValueTarget)
    assert values.target.names == ("length", "year")
    assert truths.splits["train"].labels.shape == values.splits["train"].labels.shape == (COUNT, 2)


def test_a_tensor_is_as_many_values(sayings: Path, reporter: Any) -> None:
    dataset = loaded(sayings, reporter, target="place")
    assert dataset.target.names == ("place_1", "place_2", "place_3", "place_4")


def test_a_dictionary_is_all_that_is_in_it(sayings: Path, reporter: Any) -> None:
    dataset = loaded(sayings, reporter, inputs="about", target="intent")
    assert isinstance(dataset.inputs, TableInput)
    names = [column.name for column in dataset.inputs.columns]
    assert names == ["is_long", "is_odd", "length", "year"]


@pytest.mark.parametrize(
    ("settings", "problem", "hint"),
    [
        ({"target": "intend"}, "has no feature 'intend'", "Did you mean intent?"),
        ({"target": "year"}, "has no feature 'year'", "Did you mean about/year?"),
        ({"inputs": "txt"}, "has no feature 'txt'", "Did you mean text?"),
        ({"inputs": "text", "target": "text"}, "an input as well", "Name the inputs"),
        ({"target": "text"}, "does not say what is input", "Name them"),
        (
            {"target": "text", "inputs": "topic", "task": "labels"},
            "neither a class",
            "task=classes",
        ),
        ({"target": ("intent", "topic")}, "must be single numbers", "Name one target"),
        ({"inputs": ("moods", "text")}, "is no column", "Name the inputs"),
        (
            {"inputs": "about", "columns": {"lenght": "number"}},
            "no column 'lenght'",
            "They are is_long, is_odd, length, year",
        ),
    ],
)
def test_names_that_mean_nothing(
    settings: dict[str, Any], problem: str, hint: str, sayings: Path, reporter: Any
) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        loaded(sayings, reporter, **settings)
    assert hint in (caught.value.hint or "")


def test_a_prepared_folder_and_its_code_say_the_same(sayings: Path) -> None:
    code = tfds.builder("nncli_sayings", data_dir=sayings)
    folder = tfds.builder_from_directory(code.data_dir)
    for inputs, target in (((), ()), (("about",), ("moods",)), (("text",), ("about",))):
        found = [meaning("sayings", b.info, inputs, target, None) for b in (code, folder)]
        assert list(found[0].inputs.items()) == list(found[1].inputs.items())
        assert found[0].target == found[1].target


# Rules that need no data


def info(keys: Any, **features: Any) -> Any:
    return SimpleNamespace(features=tfds.features.FeaturesDict(features), supervised_keys=keys)


IMAGE = tfds.features.Image(shape=(4, 4, 3))


def test_supervised_keys_with_a_weight() -> None:
    label = tfds.features.ClassLabel(num_classes=3)
    weighed = info(("image", "label", "name"), image=IMAGE, label=label, name=tfds.features.Text())
    found = meaning("shapes", weighed)
    assert (found.kind, found.target) == ("image", ClassTarget(names=("0", "1", "2")))


def test_pixels_of_real_numbers_are_an_array() -> None:
    image = tfds.features.Image(shape=(4, 4, 1), dtype=np.float32)
    label = tfds.features.ClassLabel(num_classes=3)
    assert meaning("shapes", info(("image", "label"), image=image, label=label)).kind == "array"


def test_many_classes_beside_other_targets_are_refused() -> None:
    several = {"a": tfds.features.ClassLabel(num_classes=3), "b": np.float32}
    with pytest.raises(DataError, match="one of many classes"):
        meaning("shapes", info(("image", "both"), image=IMAGE, both=several))


def test_words_are_to_be_written_unless_they_were_named() -> None:
    texts = info(("source", "summary"), source=tfds.features.Text(), summary=tfds.features.Text())
    with pytest.raises(DataError, match="neither a class, nor labels"):
        meaning("papers", texts)
    assert meaning("papers", texts, (), ("summary",)).target is None


def test_a_picture_for_each_example_is_no_value() -> None:
    depth = tfds.features.Tensor(shape=(480, 640), dtype=np.float32)
    with pytest.raises(DataError, match="307,200 values"):
        meaning("rooms", info(("image", "depth"), image=IMAGE, depth=depth))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 4] * 50, "class"),
        (list(range(30)) * 10, "class"),  # codes: no gap, none rare
        ([*range(30)] * 10 + [0] * 5000, "value"),  # a count with rare ends
        ([value + 1 for value in range(30)] * 10, "value"),
        (list(range(300)), "value"),
    ],
)
def test_which_whole_numbers_are_classes(values: list[int], kind: str) -> None:
    def batches() -> Iterator[dict[str, Any]]:
        yield {"x": np.array(values)}

    assert decided("numbers", ["x"], {"train": batches}, None).target.kind == kind


def test_one_value_everywhere_is_nothing_to_learn() -> None:
    def batches() -> Iterator[dict[str, Any]]:
        yield {"x": np.array([7, 7])}

    with pytest.raises(DataError, match="is '7' in every example"):
        decided("numbers", ["x"], {"train": batches}, None)

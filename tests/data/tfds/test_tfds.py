"""Datasets of the tensorflow-datasets catalogue: the real library, small datasets of our own."""

from __future__ import annotations

import gzip
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds
from pydantic import ValidationError

from nncli import data
from nncli.data import DigitsDataset, TfdsDataset, load_default, located
from nncli.data import tfds as source
from nncli.data.tfds import data_folder, prepare
from nncli.data.tfds.opening import prepared_folder
from nncli.descriptions import ArrayInput
from nncli.errors import DataError, DataUnavailableError, NotFoundError, StorageError
from nncli.reporting import SilentReporter

SIZES = [(5, 7), (40, 80), (64, 64), (100, 30), (9, 9), (64, 64)]


def picture(number: int, dtype: Any = np.uint8) -> np.ndarray:
    """Picture `number`: of one grey, in a size of its own."""
    height, width = SIZES[number % len(SIZES)]
    return np.full((height, width, 3), 10 * number, dtype=dtype)


class NncliPictures(tfds.core.GeneratorBasedBuilder):
    """Pictures of different sizes, some with a class; the test split is a contest's."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
                    "label": tfds.features.ClassLabel(names=["cat", "dog"]),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, manager: Any) -> dict[str, Any]:
        return {
            "train": self._generate_examples(12, True),
            "test": self._generate_examples(3, False),
        }

    def _generate_examples(
        self, count: int, labelled: bool
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(count):
            yield number, {"image": picture(number), "label": number % 2 if labelled else -1}


class NncliDeepPictures(NncliPictures):
    """Pictures of one size with 16 bits a pixel, and a split that nncli does not know."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(4, 4, 1), dtype=np.uint16),
                    "label": tfds.features.ClassLabel(num_classes=3),
                }
            ),
            supervised_keys=("image", "label"),
        )

    def _split_generators(self, manager: Any) -> dict[str, Any]:
        return {
            name: self._generate_examples(6, True)
            for name in ("train", "validation", "test", "extra")
        }

    def _generate_examples(
        self, count: int, labelled: bool
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(count):
            image = np.full((4, 4, 1), 10_000 * number, dtype=np.uint16)
            yield number, {"image": image, "label": number % 3}


class NncliNumbers(NncliPictures):
    """No pictures, and it does not say what is to be learned."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict({"x": tfds.features.Tensor(shape=(), dtype=np.int64)})
        return self.dataset_info_from_configs(features=features, supervised_keys=None)

    def _split_generators(self, manager: Any) -> dict[str, Any]:
        return {"train": ((number, {"x": number}) for number in range(3))}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the three datasets above."""
    folder = tmp_path_factory.mktemp("prepared")
    for name in ("nncli_pictures", "nncli_deep_pictures", "nncli_numbers"):
        prepare(TfdsDataset(name=name, data_dir=folder), archives=None, reporter=SilentReporter())
    return folder


def load(settings: TfdsDataset, *, reporter: Any) -> data.Dataset:
    """The splits as they were published."""
    as_published = settings.model_copy(update={"validation": 0.0, "test": 0.0})
    return data.load(as_published, seed=0, reporter=reporter)


@pytest.fixture
def pictures(prepared: Path) -> TfdsDataset:
    return TfdsDataset(name="nncli_pictures", data_dir=prepared)


# Names and folders


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("mnist", "mnist"),
        ("mnist:3.0.1", "mnist"),
        ("mnist:3.*.*", "mnist"),
        ("cifar10_corrupted/fog_1", "cifar10_corrupted-fog_1"),
        ("cifar10_corrupted/fog_1:1.0.0", "cifar10_corrupted-fog_1"),
    ],
)
def test_names_and_what_runs_are_called_after_them(name: str, label: str) -> None:
    assert TfdsDataset(name=name).label == label


@pytest.mark.parametrize("name", ["", "3d", "a b", "mnist:latest", "-x", "../mnist", "a/b/c", "."])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TfdsDataset(name=name)


def test_the_data_folder_is_that_of_the_settings_else_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert data_folder(TfdsDataset(data_dir=Path("here"))) == Path.cwd() / "here"
    assert data_folder(TfdsDataset()) == tmp_path / "user" / "tensorflow_datasets"
    monkeypatch.delenv("TFDS_DATA_DIR")
    monkeypatch.setenv("HOME", "/home/someone")
    assert data_folder(TfdsDataset()) == Path("/home/someone/tensorflow_datasets")


def test_located_writes_out_the_folder_that_the_environment_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    located_settings = located(TfdsDataset(name="mnist"))
    assert located_settings == TfdsDataset(
        name="mnist", data_dir=tmp_path / "user" / "tensorflow_datasets"
    )
    monkeypatch.delenv("TFDS_DATA_DIR")
    assert located(TfdsDataset(name="mnist")) == TfdsDataset(name="mnist")
    assert located(DigitsDataset()) == DigitsDataset()


def test_a_prepared_folder_is_found_by_its_version(tmp_path: Path) -> None:
    for version in ("1.0.0", "2.0.0"):
        folder = tmp_path / "shapes" / version
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").touch()

    def found(name: str) -> Path | None:
        return prepared_folder(name, tmp_path)

    assert found("shapes:2.0.0") == tmp_path / "shapes" / "2.0.0"
    assert found("shapes:3.0.0") is None
    assert found("shapes:2.*.*") == tmp_path / "shapes" / "2.0.0"
    assert found("shapes:3.*.*") is None
    assert found("shapes") is None  # tensorflow-datasets must say which
    shutil.rmtree(tmp_path / "shapes" / "1.0.0")
    assert found("shapes") == tmp_path / "shapes" / "2.0.0"


# What cannot be had


@pytest.mark.parametrize(("name", "meant"), [("mnits", "mnist"), ("digitss", "digits")])
def test_an_unknown_name(name: str, meant: str, no_network: str, reporter: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        load(TfdsDataset(name=name), reporter=reporter)
    assert caught.value.exit_code == 2
    assert caught.value.message == f"There is no dataset named {name!r}."
    assert caught.value.hint is not None
    first = caught.value.hint.removeprefix("Did you mean ").split("?")[0]
    assert meant in first.split(" or ")
    assert "digits (embedded)" in caught.value.hint


def test_a_folder_that_has_the_name_of_a_dataset_is_mentioned(
    own_folders: Path, pictures: TfdsDataset, no_network: str, reporter: Any
) -> None:
    (own_folders / "nncli_pictures").mkdir()
    (own_folders / "photos").mkdir()
    source.source(pictures, reporter=reporter)
    assert any("./nncli_pictures" in notice for notice in reporter.notices)
    with pytest.raises(NotFoundError) as caught:
        source.source(TfdsDataset(name="photos"), reporter=reporter)
    assert "./photos" in (caught.value.hint or "")


def test_an_unknown_version(no_network: str, reporter: Any) -> None:
    with pytest.raises(DataError, match=r"cannot open 'mnist:9\.9\.9'") as caught:
        load(TfdsDataset(name="mnist:9.9.9"), reporter=reporter)
    assert "\n" not in caught.value.message


def test_neither_prepared_nor_reachable_is_found_out_soon(no_network: str, reporter: Any) -> None:
    tfds.builder("mnist")  # importing what it needs is not what is timed
    began = time.monotonic()
    with pytest.raises(DataUnavailableError) as caught:
        load(TfdsDataset(name="mnist"), reporter=reporter)
    assert time.monotonic() - began < 3
    folder = data_folder(TfdsDataset())
    assert str(folder) in caught.value.message
    assert caught.value.hint is not None
    assert "nncli data prepare mnist --from FOLDER" in caught.value.hint
    assert "--dataset digits" in caught.value.hint
    assert not (folder / "mnist").exists()


def test_a_prepare_without_network_says_the_same(no_network: str, reporter: Any) -> None:
    with pytest.raises(DataUnavailableError, match="cannot be reached"):
        prepare(TfdsDataset(name="mnist"), archives=None, reporter=reporter)


def test_the_default_dataset_is_replaced_by_the_digits(
    no_network: str, shared_cache: Path, reporter: Any
) -> None:
    dataset, used = load_default(TfdsDataset(validation=0.2), seed=0, reporter=reporter)
    assert used == DigitsDataset(validation=0.2)
    assert dataset.name == "digits"
    assert set(dataset.splits) == {"train", "validation", "test"}


def test_a_default_dataset_that_is_there_is_not_replaced(
    no_network: str, pictures: TfdsDataset, reporter: Any
) -> None:
    dataset, used = load_default(pictures, seed=0, reporter=reporter)
    assert used is pictures
    assert dataset.name == "nncli_pictures"


# Preparing from archives


def archives_of_mnist(folder: Path) -> Path:
    """Files with the names and sizes of the archives of MNIST, and nothing in them."""
    folder.mkdir()
    for info in tfds.builder("mnist").url_infos.values():
        with (folder / info.filename).open("wb") as stream:
            stream.truncate(int(info.size))
    return folder


def test_a_missing_archive_is_named(tmp_path: Path, reporter: Any) -> None:
    archives = archives_of_mnist(tmp_path / "archives")
    names = [archive.name for archive in archives.iterdir()]
    for name in names:
        (archives / name).unlink()
    with pytest.raises(NotFoundError) as caught:
        prepare(TfdsDataset(name="mnist"), archives=archives, reporter=reporter)
    lacked = re.fullmatch(r"(.*) lacks (.*), an archive of mnist\.", caught.value.message)
    assert lacked is not None and lacked[1] == str(archives)
    assert lacked[2] in names
    assert "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz" in (caught.value.hint or "")


def test_a_truncated_archive_is_named(tmp_path: Path, reporter: Any) -> None:
    archives = archives_of_mnist(tmp_path / "archives")
    damaged = archives / "train-labels-idx1-ubyte.gz"
    damaged.write_bytes(b"short")
    with pytest.raises(DataError) as caught:
        prepare(TfdsDataset(name="mnist"), archives=archives, reporter=reporter)
    assert caught.value.message == f"{damaged} has 5 bytes; the original has 28,881."


def test_archives_of_the_right_size_with_something_else_in_them(
    tmp_path: Path, reporter: Any
) -> None:
    archives = archives_of_mnist(tmp_path / "archives")
    with pytest.raises(DataError, match="is damaged: its checksum") as caught:
        prepare(TfdsDataset(name="mnist"), archives=archives, reporter=reporter)
    assert "\n" not in caught.value.message
    assert prepared_folder("mnist", data_folder(TfdsDataset())) is None


def test_a_dataset_that_cannot_be_trained_on_is_refused_before_it_is_downloaded(
    no_network: str, reporter: Any
) -> None:
    with pytest.raises(DataError, match="does not say what is input and what is target"):
        load(TfdsDataset(name="goemotions"), reporter=reporter)


def test_a_folder_of_archives_that_is_not_there(tmp_path: Path, reporter: Any) -> None:
    with pytest.raises(NotFoundError, match="There is no folder"):
        prepare(TfdsDataset(name="mnist"), archives=tmp_path / "nowhere", reporter=reporter)


def test_a_data_folder_that_cannot_be_written(tmp_path: Path, reporter: Any) -> None:
    (tmp_path / "file").touch()
    settings = TfdsDataset(name="nncli_pictures", data_dir=tmp_path / "file")
    with pytest.raises(StorageError, match="Cannot write"):
        prepare(settings, archives=None, reporter=reporter)


def test_preparing_tells_its_progress_and_nothing_else(
    tmp_path: Path, reporter: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = TfdsDataset(name="nncli_pictures", data_dir=tmp_path)
    folder = prepare(settings, archives=None, reporter=reporter)
    assert folder == tmp_path / "nncli_pictures" / "1.0.0"
    assert prepared_folder(settings.name, tmp_path) == folder
    assert any(task.startswith("Preparing nncli_pictures") for task in reporter.tasks)
    shown = capfd.readouterr()
    assert "it/s" not in shown.out + shown.err
    assert "Generating" not in shown.out + shown.err
    tasks = len(reporter.tasks)
    assert prepare(settings, archives=None, reporter=reporter) == folder
    assert len(reporter.tasks) == tasks  # the second time there is nothing to do


def test_the_digits_are_always_prepared(tmp_path: Path, reporter: Any) -> None:
    assert data.prepare(DigitsDataset(), archives=None, reporter=reporter) is None
    with pytest.raises(NotFoundError, match="digits is embedded"):
        data.prepare(DigitsDataset(), archives=tmp_path, reporter=reporter)


# Loading


def test_images_of_different_sizes_are_brought_to_one(pictures: TfdsDataset, reporter: Any) -> None:
    dataset = load(pictures, reporter=reporter)
    assert dataset.preprocessing.size == (64, 64)
    assert dataset.inputs.shape == (None, None, 3)
    assert dataset.inputs.maximum == 255.0
    assert dataset.target.names == ("cat", "dog")
    train = dataset.splits["train"]
    assert train.inputs.shape == (12, 64, 64, 3)
    assert train.inputs.dtype == np.uint8
    greys = train.inputs[:, 0, 0, 0]
    assert sorted(greys.tolist()) == [10 * number for number in range(12)]
    assert (train.inputs == greys[:, None, None, None]).all()
    assert train.labels.tolist() == [int(grey) // 10 % 2 for grey in greys]


def test_a_test_split_without_classes_is_not_used(pictures: TfdsDataset, reporter: Any) -> None:
    assert set(load(pictures, reporter=reporter).splits) == {"train"}
    shares = pictures.model_copy(update={"test": 0.25, "validation": 0.25})
    splits = data.load(shares, seed=0, reporter=reporter).splits
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 7,
        "test": 3,
        "validation": 2,
    }


def test_the_size_can_be_chosen(pictures: TfdsDataset, reporter: Any) -> None:
    small = pictures.model_copy(update={"image_size": (6, 9)})
    dataset = load(small, reporter=reporter)
    assert dataset.preprocessing.size == (6, 9)
    assert dataset.splits["train"].inputs.shape == (12, 6, 9, 3)
    assert load(pictures, reporter=reporter).preprocessing.size == (64, 64)


def test_16_bits_a_pixel_and_published_splits(prepared: Path, reporter: Any) -> None:
    settings = TfdsDataset(name="nncli_deep_pictures", data_dir=prepared)
    dataset = data.load(settings, seed=0, reporter=reporter)
    assert dataset.inputs.maximum == 65535.0
    assert dataset.preprocessing.size is None
    assert dataset.target.names == ("0", "1", "2")
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 6,
        "validation": 6,
        "test": 6,
    }
    train = dataset.splits["train"]
    assert train.inputs.dtype == np.uint16
    assert sorted(train.inputs[:, 0, 0, 0].tolist()) == [10_000 * number for number in range(6)]
    assert train.labels.tolist() == [int(v) // 10_000 % 3 for v in train.inputs[:, 0, 0, 0]]


def test_the_second_time_tensorflow_datasets_is_not_asked(
    pictures: TfdsDataset, monkeypatch: pytest.MonkeyPatch, reporter: Any
) -> None:
    first = load(pictures, reporter=reporter)

    def never(*_: object) -> None:
        raise AssertionError("tensorflow-datasets was asked")

    monkeypatch.setattr(source, "builder_of", never)
    monkeypatch.setattr(source, "prepared_builder", never)
    second = load(pictures, reporter=reporter)
    np.testing.assert_array_equal(first.splits["train"].inputs, second.splits["train"].inputs)


def test_a_dataset_prepared_again_is_decoded_again(
    prepared: Path, tmp_path: Path, reporter: Any
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(prepared / "nncli_pictures", folder / "nncli_pictures")
    settings = TfdsDataset(name="nncli_pictures", data_dir=folder)
    load(settings, reporter=reporter)
    decoded = len(reporter.tasks)
    (folder / "nncli_pictures" / "1.0.0" / "dataset_info.json").touch()
    load(settings, reporter=reporter)
    assert len(reporter.tasks) == 2 * decoded


def test_prepared_files_that_are_damaged(prepared: Path, tmp_path: Path, reporter: Any) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(prepared / "nncli_pictures", folder / "nncli_pictures")
    [records] = (folder / "nncli_pictures" / "1.0.0").glob("*train*")
    records.write_bytes(records.read_bytes()[:-20])
    settings = TfdsDataset(name="nncli_pictures", data_dir=folder)
    with pytest.raises(DataError, match="cannot be read") as caught:
        load(settings, reporter=reporter)
    assert str(folder) in caught.value.message
    assert caught.value.hint is not None
    assert "nncli data prepare nncli_pictures" in caught.value.hint


@pytest.mark.parametrize("split", ["test", "train"])
def test_prepared_files_that_are_missing(
    split: str, prepared: Path, tmp_path: Path, reporter: Any
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(prepared / "nncli_pictures", folder / "nncli_pictures")
    [records] = (folder / "nncli_pictures" / "1.0.0").glob(f"*{split}*")
    records.unlink()
    settings = TfdsDataset(name="nncli_pictures", data_dir=folder)
    with pytest.raises(DataError, match="cannot be read"):
        load(settings, reporter=reporter)


def test_a_dataset_that_says_nothing_of_a_target(prepared: Path, reporter: Any) -> None:
    with pytest.raises(DataError) as caught:
        load(TfdsDataset(name="nncli_numbers", data_dir=prepared), reporter=reporter)
    assert caught.value.message == ("nncli_numbers does not say what is input and what is target.")


@pytest.mark.data
def test_numbers_to_classes_are_standardized(
    shared_data: Path, tmp_path: Path, reporter: Any
) -> None:
    settings = TfdsDataset(name="iris", data_dir=tmp_path)
    prepare(settings, archives=shared_data / "tfds" / "iris", reporter=reporter)
    dataset = data.load(settings, seed=0, reporter=reporter)
    train = dataset.splits["train"]
    assert dataset.inputs == ArrayInput(shape=(4,))
    np.testing.assert_allclose(train.examples.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train.examples.std(axis=0), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.data
def test_the_real_mnist(prepared_mnist: Path, reporter: Any) -> None:
    settings = TfdsDataset(name="mnist", data_dir=prepared_mnist)
    dataset = data.load(settings, seed=0, reporter=reporter)
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    assert sizes == {"train": 54_000, "validation": 6_000, "test": 10_000}
    assert dataset.inputs.shape == (28, 28, 1)
    assert dataset.preprocessing.size is None
    assert dataset.target.names == tuple("0123456789")
    test = dataset.splits["test"]
    assert np.bincount(test.labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    assert round(float(test.inputs.mean()) / 255, 4) == 0.1325  # of the published test images
    whole = np.bincount(dataset.splits["train"].targets)
    held = np.bincount(dataset.splits["validation"].labels)
    assert (np.abs(held - whole * 0.1) < 1).all()


@pytest.mark.data
def test_an_archive_with_a_flipped_bit(shared_data: Path, tmp_path: Path, reporter: Any) -> None:
    archives = tmp_path / "archives"
    shutil.copytree(shared_data / "tfds" / "mnist", archives)
    archives.chmod(0o755)
    damaged = archives / "train-labels-idx1-ubyte.gz"
    content = bytearray(damaged.read_bytes())
    content[10_000] ^= 1
    damaged.chmod(0o644)
    damaged.write_bytes(content)
    with pytest.raises(DataError, match="is damaged: its checksum"):
        prepare(TfdsDataset(name="mnist"), archives=archives, reporter=reporter)
    assert prepared_folder("mnist", data_folder(TfdsDataset())) is None


# Slices


def deep(prepared: Path, **settings: Any) -> TfdsDataset:
    return TfdsDataset(name="nncli_deep_pictures", data_dir=prepared, **settings)


def values_of(dataset: data.Dataset, split: str) -> list[int]:
    return sorted(int(image[0, 0, 0]) for image in dataset.splits[split].examples)


def test_slices_are_trained_on_and_measured_on(prepared: Path, reporter: Any) -> None:
    settings = deep(prepared, train="train[:4]", validation="train[4:]", test="extra[:50%]")
    dataset = data.load(settings, seed=0, reporter=reporter)
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    assert sizes == {"train": 4, "validation": 2, "test": 3}
    both = values_of(dataset, "train") + values_of(dataset, "validation")
    assert sorted(both) == [10_000 * number for number in range(6)]
    published = data.load(deep(prepared), seed=0, reporter=reporter)
    assert len(published.splits["train"]) == 6  # the cache tells them apart


def test_all_of_several_splits_with_shares_held_out_of_them(prepared: Path, reporter: Any) -> None:
    settings = deep(prepared, train="train+validation+test+extra", validation=0.25, test=0.25)
    dataset = data.load(settings, seed=0, reporter=reporter)
    sizes = {name: len(split) for name, split in dataset.splits.items()}
    assert sizes == {"train": 14, "validation": 4, "test": 6}
    assert len(reporter.notices) == 2


def test_validating_on_test_is_warned_about_each_time(prepared: Path, reporter: Any) -> None:
    for times in (1, 2):
        data.load(deep(prepared, validation="test"), seed=0, reporter=reporter)
        assert len(reporter.warnings) == times
    assert "examples of test are watched while training" in reporter.warnings[0]


def test_a_named_split_without_targets(pictures: TfdsDataset, reporter: Any) -> None:
    settings = pictures.model_copy(update={"test": "test"})
    with pytest.raises(DataError, match=r"dataset\.test: test of nncli_pictures has no targets"):
        data.load(settings, seed=0, reporter=reporter)


def test_slices_of_the_default_dataset_are_not_those_of_digits(
    no_network: str, reporter: Any
) -> None:
    with pytest.raises(DataUnavailableError):
        load_default(TfdsDataset(train="train[:50%]"), seed=0, reporter=reporter)


def test_versions_with_stars(prepared: Path, reporter: Any) -> None:
    settings = deep(prepared).model_copy(update={"name": "nncli_deep_pictures:1.*.*"})
    assert data.load(settings, seed=0, reporter=reporter).name == "nncli_deep_pictures"
    other = settings.model_copy(update={"name": "nncli_deep_pictures:2.*.*"})
    with pytest.raises(DataError, match=r"cannot open 'nncli_deep_pictures:2\.\*\.\*': ") as caught:
        data.load(other, seed=0, reporter=reporter)
    assert "builder_kwargs" not in caught.value.message


def test_an_unknown_configuration_names_those_there_are(no_network: str, reporter: Any) -> None:
    with pytest.raises(DataError, match="cannot open 'glue/nonsense'") as caught:
        load(TfdsDataset(name="glue/nonsense"), reporter=reporter)
    assert "glue/cola, glue/sst2" in (caught.value.hint or "")


class NncliFirstLetters(tfds.core.GeneratorBasedBuilder):
    """Lines of an archive that another dataset's has the name of."""

    VERSION = tfds.core.Version("1.0.0")
    MANUAL_DOWNLOAD_INSTRUCTIONS = "Put letters.gz there."

    def _info(self) -> Any:
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"text": tfds.features.Text()})
        )

    def _split_generators(self, manager: Any) -> dict[str, Any]:
        return {
            "train": self._generate_examples(manager.extract(manager.manual_dir / "letters.gz"))
        }

    def _generate_examples(self, path: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(path.read_text().splitlines()):
            yield number, {"text": line}


class NncliOtherLetters(NncliFirstLetters):
    """The other dataset."""

    VERSION = tfds.core.Version("1.0.0")


def test_archives_of_the_same_name_are_not_taken_for_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    for name, letters in (("nncli_first_letters", "a"), ("nncli_other_letters", "b")):
        archives = tmp_path / name
        archives.mkdir()
        (archives / "letters.gz").write_bytes(gzip.compress(letters.encode()))
        settings = TfdsDataset(name=name, data_dir=folder)
        place = prepare(settings, archives=archives, reporter=SilentReporter())
        examples = tfds.builder_from_directory(place).as_dataset(split="train")
        assert [e["text"] for e in examples.as_numpy_iterator()] == [letters.encode()]
    assert {path.name for path in folder.iterdir()} <= {
        "nncli_first_letters", "nncli_other_letters", "downloads",
    }  # fmt: skip

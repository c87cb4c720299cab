"""Examining folders: each problem is planted in files that are fine, and found."""

from __future__ import annotations

import os
import shutil
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from nncli import data
from nncli.data.checking import Finding, check
from nncli.data.folder import FolderDataset
from nncli.errors import DataError
from nncli.reporting import SilentReporter


def examined(path: Path, **settings: Any) -> list[Finding]:
    dataset = FolderDataset(path=path, **settings)
    return check(dataset, seed=0, reporter=SilentReporter())


def about(findings: Sequence[Finding], what: str, grade: str | None = None) -> list[Finding]:
    return [f for f in findings if f.about == what and grade in (None, f.grade)]


def worst(findings: Sequence[Finding]) -> str:
    grades = {finding.grade for finding in findings}
    return "fail" if "fail" in grades else "warn" if "warn" in grades else "good"


def scene(number: int, size: int = 48) -> Image.Image:
    """A picture with large and small forms, as photographs have them."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), float)
    noise = random.normal(0, 6, (size, size, 3))
    return Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """130 different pictures of two classes."""
    folder = tmp_path / "photos"
    for label, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for number in range(65):
            scene(1000 * label + number).save(folder / name / f"{number:02}.png")
    return folder


def wav(path: Path, samples: np.ndarray, rate: int = 8000) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 30000).astype("<i2").tobytes())


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    for label, name in enumerate(("high", "low")):
        (folder / name).mkdir(parents=True)
        for number in range(65):
            random = np.random.default_rng(1000 * label + number)
            wav(folder / name / f"{number:02}.wav", random.uniform(-0.5, 0.5, 2000))
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    for name in ("praise", "blame"):
        (folder / name).mkdir(parents=True)
        for number in range(65):
            (folder / name / f"{number:02}.txt").write_text(f"{name} of the book number {number}")
    return folder


def test_clean_folders_are_good(photos: Path, sounds: Path, texts: Path) -> None:
    for folder in (photos, sounds, texts):
        found = examined(folder)
        assert worst(found) == "good", found
        assert all(finding.message for finding in found)


def test_every_unreadable_image_is_named_and_the_rest_is_examined(photos: Path) -> None:
    (photos / "cat" / "empty.png").touch()
    (photos / "dog" / "none.png").write_text("no image")
    whole = (photos / "dog" / "00.png").read_bytes()
    (photos / "dog" / "cut.png").write_bytes(whole[: len(whole) // 2])
    scene(5000).save(photos / "cat" / "whole.jpg", quality=90)
    jpeg = (photos / "cat" / "whole.jpg").read_bytes()
    (photos / "cat" / "cut.jpg").write_bytes(jpeg[: len(jpeg) * 2 // 3])
    found = examined(photos)
    (files,) = about(found, "files", "fail")
    assert "4 of 135 files" in files.message
    for name in ("empty.png", "none.png", "cut.png", "cut.jpg"):
        assert any(name in example for example in files.examples), name
    assert "empty (0 bytes)" in " ".join(files.examples)
    assert about(found, "copies", "good") and about(found, "classes", "good")


def test_copies_in_another_format_and_with_another_class(photos: Path) -> None:
    for number in range(12):
        with Image.open(photos / "cat" / f"{number:02}.png") as image:
            image.save(photos / "dog" / f"copy{number}.bmp")
    found = examined(photos)
    warned = about(found, "copies", "warn")
    assert any("in another split too" in finding.message for finding in warned)
    assert any("inside one split" in finding.message for finding in warned)
    (answers,) = about(found, "answers", "warn")
    assert answers.message.startswith("24 images (17 %) are equal to another that has a different")
    assert len(answers.examples) == 12
    assert "[cat]" in answers.examples[0] and "[dog]" in answers.examples[0]


@pytest.mark.parametrize("change", ["larger", "smaller", "compressed", "brighter"])
def test_near_copies_across_splits(photos: Path, tmp_path: Path, change: str) -> None:
    parted = tmp_path / "parted"
    (parted / "test" / "cat").mkdir(parents=True)
    (parted / "test" / "dog").mkdir(parents=True)
    photos.rename(parted / "train")
    for number in range(20):
        scene(7000 + number).save(parted / "test" / ("cat", "dog")[number % 2] / f"{number}.png")
    assert about(examined(parted), "near copies", "good")
    for number in range(3):
        with Image.open(parted / "train" / "cat" / f"{number:02}.png") as image:
            copy, options = image.copy(), {}
        if change == "larger":
            copy = copy.resize((100, 90), Image.Resampling.BICUBIC)
        elif change == "smaller":
            copy = copy.resize((36, 36), Image.Resampling.LANCZOS)
        elif change == "compressed":
            options = {"quality": 60}
        else:
            copy = ImageEnhance.Brightness(copy).enhance(0.8)
        copy.save(parted / "test" / "cat" / f"x{number}.{'jpg' if options else 'png'}", **options)
    (near,) = about(examined(parted), "near copies", "warn")
    assert near.message == "3 images look like some of another split"
    assert {Path(example.split(" ~ ")[0]).stem for example in near.examples} == {"x0", "x1", "x2"}
    assert "00.png" in near.examples[0]


def test_different_sizes_and_colours(photos: Path) -> None:
    scene(5000, size=60).save(photos / "cat" / "large.png")
    scene(5001).convert("L").save(photos / "dog" / "grey.png")
    found = examined(photos)
    (sizes,) = about(found, "sizes", "warn")
    assert "48 x 48 (131), 60 x 60 (1)" in sizes.message and "large.png" in sizes.examples[0]
    (colours,) = about(found, "colours", "warn")
    assert "grey (1)" in colours.message and "grey.png" in colours.examples[0]
    assert not about(examined(photos, image_size=(32, 32)), "sizes", "warn")


def test_images_of_one_colour(photos: Path) -> None:
    Image.new("RGB", (48, 48), "blue").save(photos / "cat" / "blue.png")
    (contents,) = about(examined(photos), "contents", "warn")
    assert "1 image of one colour" in contents.message and "blue.png" in contents.examples[0]


def test_small_and_rare_classes(photos: Path) -> None:
    for number in range(50, 60):
        (photos / "dog" / f"{number}.png").unlink()
    (photos / "newt").mkdir()
    for number in range(5):
        scene(9000 + number).save(photos / "newt" / f"{number}.png")
    (photos / "empty").mkdir()
    said = {finding.message for finding in about(examined(photos), "classes", "warn")}
    assert "without a file in train: empty" in said
    assert any("1 class has fewer than 10 training examples: newt" in text for text in said)
    assert any("cat is" in text and "times as frequent as newt" in text for text in said)


def test_classes_that_only_test_has_are_named_and_the_rest_is_examined(
    photos: Path, tmp_path: Path
) -> None:
    parted = tmp_path / "parted"
    parted.mkdir()
    photos.rename(parted / "train")
    for name in ("cat", "dog", "newt", "owl"):
        (parted / "test" / name).mkdir(parents=True)
        for number in range(3):
            scene(first_of(name) + number).save(parted / "test" / name / f"{number}.png")
    found = examined(parted)
    (lost,) = about(found, "classes", "fail")
    assert lost.message == "test has 2 classes that train lacks: newt, owl"
    assert about(found, "copies", "good")


def first_of(name: str) -> int:
    return sum(map(ord, name)) * 100


def test_files_of_several_kinds(photos: Path) -> None:
    (photos / "cat" / "note.txt").write_text("a note")
    (photos / "dog" / "data.xyz").write_text("strange")
    found = examined(photos)
    assert "several kinds: 130 image and 1 text" in about(found, "files", "fail")[0].message
    assert "1 file of unknown kind: .xyz (1)" in about(found, "files", "warn")[0].message


def test_a_folder_without_classes_is_a_failure_and_no_crash(tmp_path: Path) -> None:
    assert worst(examined(tmp_path)) == "fail"
    (tmp_path / "cat").mkdir()
    scene(1).save(tmp_path / "cat" / "1.png")
    assert worst(examined(tmp_path)) == "fail"


def test_sounds_that_are_cut_off_silent_copied_and_of_another_rate(sounds: Path) -> None:
    import soundfile

    whole = (sounds / "high" / "00.wav").read_bytes()
    (sounds / "high" / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (sounds / "high" / "empty.wav").touch()
    (sounds / "low" / "none.wav").write_text("no sound")
    wav(sounds / "low" / "silent.wav", np.zeros(2000))
    wav(sounds / "low" / "fast.wav", np.random.default_rng(5).uniform(-0.5, 0.5, 4000), 16000)
    samples, rate = soundfile.read(sounds / "high" / "01.wav")
    soundfile.write(sounds / "low" / "copy.flac", samples, rate)
    found = examined(sounds)
    (files,) = about(found, "files", "fail")
    for name in ("cut.wav: is cut off", "empty.wav", "none.wav"):
        assert any(name in example for example in files.examples), files.examples
    assert "1 recording of silence" in about(found, "contents", "warn")[0].message
    (rates,) = about(found, "sample rates", "warn")
    assert "8,000 Hz" in rates.message and "16,000 Hz (1)" in rates.message
    assert "fast.wav" in rates.examples[0]
    assert about(found, "copies", "warn")
    (answers,) = about(found, "answers", "warn")
    assert "copy.flac" in answers.examples[0] and "01.wav" in answers.examples[0]


def test_sounds_that_differ_at_their_end_alone_are_no_copies(sounds: Path) -> None:
    """Behind what the preprocessing cuts off, too."""
    random = np.random.default_rng(7)
    samples = random.uniform(-0.5, 0.5, 8000 * 12)
    wav(sounds / "high" / "long.wav", samples)
    wav(sounds / "low" / "long.wav", np.append(samples[:-100], random.uniform(-0.5, 0.5, 100)))
    assert about(examined(sounds), "copies", "good")


def test_texts_that_are_empty_copied_or_in_another_encoding(texts: Path) -> None:
    (texts / "praise" / "empty.txt").write_text(" \n")
    (texts / "praise" / "dots.txt").write_text("... !")
    (texts / "praise" / "old.txt").write_bytes("caf\xe9".encode("latin-1"))
    (texts / "blame" / "copy.txt").write_text("praise of the book number 7\n")
    (texts / "blame" / "case.txt").write_text("Praise of the book number 8")
    found = examined(texts)
    (files,) = about(found, "files", "fail")
    assert "old.txt: line 1: byte 0xe9" in files.examples[0]
    assert "2 texts without a word" in about(found, "contents", "warn")[0].message
    (answers,) = about(found, "answers", "warn")
    assert answers.message.startswith("2 texts")  # as recorded: capitals tell texts apart


def test_lines_of_text_files(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        lines = [f"{name} line {number}" for number in range(200)]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n")
    assert worst(examined(tmp_path / "*.txt")) == "good"
    with (tmp_path / "bad.txt").open("a") as file:
        file.write("\ngood line 3\n")
    (answers,) = about(examined(tmp_path / "*.txt"), "answers", "warn")
    assert answers.examples == ["bad.txt, line 202 [bad.txt] = good.txt, line 4 [good.txt]"]


def test_a_pipe_is_named_and_never_opened(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "texts" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "texts" / name / f"{number}.txt").write_text(f"{name} {number}")
    os.mkfifo(tmp_path / "texts" / "a" / "pipe.txt")
    (files,) = about(examined(tmp_path / "texts"), "files", "fail")
    assert "pipe.txt: is no regular file" in files.examples[0]


@pytest.mark.parametrize(
    "names", [["a.jpg", "b.jpg"], ["a/b.xyz", "c/d.xyz"], ["a/b.xyz", "e.wav"]]
)
def test_a_folder_without_classes_is_refused_as_training_refuses_it(
    tmp_path: Path, names: list[str]
) -> None:
    for name in names:
        (tmp_path / "things" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "things" / name).write_bytes(b"something")
    settings = FolderDataset(path=tmp_path / "things")
    with pytest.raises(DataError) as caught:
        data.load(settings, seed=0, reporter=SilentReporter())
    (finding,) = check(settings, seed=0, reporter=SilentReporter())
    assert (finding.grade, finding.message) == ("fail", caught.value.message)
    assert finding.hint == caught.value.hint


def test_photographs_of_one_size_that_training_makes_smaller(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(4):
            scene(number + 10 * (name == "b"), 300).save(tmp_path / "p" / name / f"{number}.png")
    [sizes] = about(examined(tmp_path / "p"), "sizes")
    assert (sizes.grade, sizes.message) == ("warn", "all are 300 x 300")
    assert "stretched to 64 x 64 pixels" in sizes.hint
    [sizes] = about(examined(tmp_path / "p", resize="crop"), "sizes")
    assert "cropped to 64 x 64 pixels" in sizes.hint
    [sizes] = about(examined(tmp_path / "p", image_size=(300, 300)), "sizes")
    assert sizes.grade == "good"


def test_the_kind_that_is_named_is_examined(photos: Path) -> None:
    (photos / "cat" / "notes.txt").write_text("x")
    assert "several kinds" in about(examined(photos), "files", "fail")[0].message
    findings = examined(photos, kind="image")
    assert not about(findings, "files", "fail")
    assert about(findings, "files", "warn")[0].message == "1 file of another kind: .txt (1)"
    [refused] = examined(photos, kind="sound")
    assert (refused.grade, refused.about) == ("fail", "files")


def test_images_of_one_colour_alone_are_not_compared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("L", (9, 9), 20 * number).save(tmp_path / "p" / name / f"{number}.png")
    assert not [f for f in examined(tmp_path / "p") if "could not be examined" in f.message]


def test_links_that_lead_upwards_are_told_and_passed_over(photos: Path) -> None:
    (photos / "all").symlink_to(photos)
    (photos / "cat" / "back").symlink_to("..")
    findings = examined(photos)
    [links] = about(findings, "files", "warn")
    assert links.message.startswith("2 links lead upwards: ")
    assert [Path(link).name for link in links.examples] == ["all", "back"]
    assert about(findings, "files", "good")[0].message == "all 130 images can be read"


def parted(photos: Path, *, test: tuple[str, str] = ("cat", "dog")) -> Path:
    """The photographs as `train`, with four others as `test`."""
    whole = photos.parent / "parted"
    whole.mkdir()
    photos.rename(whole / "train")
    for label, name in enumerate(test):
        (whole / "test" / name).mkdir(parents=True)
        for number in range(2):
            scene(5000 * (label + 1) + number).save(whole / "test" / name / f"{number}.png")
    return whole


def class_called_train(photos: Path) -> Path:
    (photos / "cat").rename(photos / "train")
    return photos


def no_train(photos: Path) -> Path:
    whole = parted(photos)
    shutil.rmtree(whole / "train")
    return whole


def no_classes_in_test(photos: Path) -> Path:
    whole = parted(photos)
    shutil.rmtree(whole / "test")
    (whole / "test").mkdir()
    scene(7).save(whole / "test" / "7.png")
    return whole


def link_in_a_linked_class(photos: Path) -> Path:
    (photos / "cat").rename(photos.parent / "elsewhere")
    (photos / "cat").symlink_to("../elsewhere")
    (photos.parent / "elsewhere" / "back").symlink_to("../photos")
    return photos


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "plain": lambda photos: photos,
    "parted": parted,
    "spelled differently": lambda photos: parted(photos, test=("CAT", "Dog")),
    "a class that train lacks": lambda photos: parted(photos, test=("cat", "owl")),
    "a class called train": class_called_train,
    "test alone": no_train,
    "test without classes": no_classes_in_test,
    "a link in a linked class": link_in_a_linked_class,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_training_and_check_agree_on_what_lies_in_a_folder(photos: Path, layout: str) -> None:
    settings = FolderDataset(path=LAYOUTS[layout](photos), validation=0, test=0)
    found = check(settings, seed=0, reporter=SilentReporter())
    failed = about(found, "files", "fail") + about(found, "classes", "fail")
    try:
        trained = data.load(settings, seed=0, reporter=SilentReporter())
    except DataError:
        assert failed
    else:
        assert not failed
        (classes,) = about(found, "classes", "good")
        assert classes.message.startswith(f"{len(trained.target.names)} classes")
        sizes = {name: len(split) for name, split in trained.splits.items()}
        (splits,) = about(found, "splits")
        assert splits.message == ", ".join(
            f"{sizes[name]} {name}" for name in ("train", "test") if name in sizes
        )


def test_what_lies_beside_the_splits_is_told(photos: Path) -> None:
    whole = parted(photos)
    (whole / "new").mkdir()
    scene(8).save(whole / "new" / "8.png")
    (beside,) = about(examined(whole), "files", "warn")
    assert beside.message == "beside train, and in no split: new"


def test_links_upwards_are_the_same_for_training_and_check(photos: Path, reporter: Any) -> None:
    link_in_a_linked_class(photos)
    (photos / "dog" / "again").symlink_to(".")
    settings = FolderDataset(path=photos)
    (links,) = about(check(settings, seed=0, reporter=reporter), "files", "warn")
    assert [Path(link).name for link in links.examples] == ["back", "again"]
    data.load(settings, seed=0, reporter=reporter)
    assert reporter.warnings == ["Left out of photos, for they lead upwards: cat/back, dog/again"]

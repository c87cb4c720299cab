"""Folders of one's own: images, sound and texts in class sub-folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from nncli import data
from nncli.data import FolderDataset
from nncli.data.images import stretched
from nncli.descriptions import ImageInput, SoundInput, TextInput
from nncli.errors import DataError, NotFoundError
from nncli.preprocessing import SoundPreprocessing, TextPreprocessing

COLOURS = {"blue sky": (0, 0, 255), "r\u00f6te": (255, 0, 0)}


def read(path: Path, reporter: Any, **settings: Any) -> data.Dataset:
    return data.load(FolderDataset(path=path, **settings), seed=0, reporter=reporter)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Ten pictures of each colour in every format, in a folder with a space in its name."""
    folder = tmp_path / "my photos \u00fc"
    endings = ("jpg", "png", "bmp", "gif", "webp")
    for name, colour in COLOURS.items():
        for number in range(10):
            place = folder / name / ("deep" if number % 2 else "")
            place.mkdir(parents=True, exist_ok=True)
            picture = Image.new("RGB", (8, 6), colour)
            picture.save(place / f"{number}.{endings[number % len(endings)]}")
    return folder


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Low and high tones of different rates, lengths and channels."""
    for name, hertz in {"high": 2000.0, "low": 200.0}.items():
        (tmp_path / "tones" / name).mkdir(parents=True)
        for number in range(10):
            rate = 16000 if number == 9 else 8000
            times = np.arange(int(rate * (0.2 + 0.02 * number))) / rate
            tone = 0.5 * np.sin(2 * np.pi * hertz * times)
            channels = np.stack([tone, tone], axis=1) if number % 2 else tone
            ending = "flac" if number % 3 else "wav"
            soundfile.write(tmp_path / "tones" / name / f"{number}.{ending}", channels, rate)
    return tmp_path / "tones"


def test_images_of_every_format_in_nested_folders(photos: Path, reporter: Any) -> None:
    dataset = read(photos, reporter, validation=0, test=0)
    assert dataset.inputs == ImageInput(shape=(6, 8, 3))
    assert dataset.target.names == ("blue sky", "r\u00f6te")
    train = dataset.splits["train"]
    assert train.inputs.shape == (20, 6, 8, 3)
    for number, colour in enumerate(COLOURS.values()):
        pixels = train.examples[train.labels == number].reshape(-1, 3).astype(int)
        assert np.abs(pixels - colour).max() < 12  # JPEG is not exact


def test_images_of_different_sizes_are_brought_to_one(photos: Path, reporter: Any) -> None:
    Image.new("RGB", (30, 20), "blue").save(photos / "blue sky" / "large.png")
    assert read(photos, reporter).splits["train"].inputs.shape[1:] == (64, 64, 3)
    small = read(photos, reporter, image_size=(5, 7), resize="pad")
    assert small.splits["train"].inputs.shape[1:] == (5, 7, 3)


def test_photographs_of_one_size_are_brought_to_the_default(tmp_path: Path, reporter: Any) -> None:
    for name, colour in COLOURS.items():
        (tmp_path / "large" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (400, 300), colour).save(tmp_path / "large" / name / f"{number}.png")
    dataset = read(tmp_path / "large", reporter)
    assert dataset.splits["train"].inputs.shape[1:] == (64, 64, 3)
    assert dataset.found == {"kind": "image", "image_size": (64, 64)}
    assert "large: images of 300 x 400 pixels are stretched to 64 x 64." in reporter.notices[0]
    kept = read(tmp_path / "large", reporter, image_size=(300, 400))
    assert kept.splits["train"].inputs.shape[1:] == (300, 400, 3)


def test_of_several_kinds_the_one_that_is_named_is_read(photos: Path, reporter: Any) -> None:
    for name in COLOURS:
        for number in range(12):
            (photos / name / f"{number}.txt").write_text(f"a picture of {name}, number {number}")
    with pytest.raises(DataError, match="several kinds: 24 text and 20 image") as several:
        read(photos, reporter)
    assert "--set dataset.kind=text" in str(several.value.hint)
    assert read(photos, reporter, kind="image").inputs == ImageInput(shape=(6, 8, 3))
    assert "for they are no image files: .txt (24)" in reporter.warnings[-1]
    assert isinstance(read(photos, reporter, kind="text").inputs, TextInput)
    with pytest.raises(DataError, match=r"dataset\.kind: .* has no files of kind sound"):
        read(photos, reporter, kind="sound")


def test_resizing_gives_the_numbers_of_the_layer() -> None:
    """The cache must hold what the saved model makes of the same picture."""
    import keras

    random = np.random.default_rng(0)
    for size, wanted in {(1, 1): (3, 2), (7, 300): (64, 64), (90, 31): (17, 40)}.items():
        pixels = random.integers(0, 256, (*size, 3), dtype=np.uint8)
        layer = keras.layers.Resizing(*wanted, dtype="uint8")
        np.testing.assert_array_equal(stretched(pixels, *wanted), np.asarray(layer(pixels)))


def test_grey_images_have_one_channel(photos: Path, reporter: Any) -> None:
    for path in photos.rglob("*.*"):
        with Image.open(path) as image:
            grey = image.convert("L")
        grey.save(path.with_suffix(".png"))
        if path.suffix != ".png":
            path.unlink()
    assert read(photos, reporter).inputs == ImageInput(shape=(6, 8, 1))


def test_transparency_is_white_and_rotation_is_undone(photos: Path, reporter: Any) -> None:
    Image.new("RGBA", (8, 6), (0, 0, 0, 0)).save(photos / "blue sky" / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # a camera that was turned
    Image.new("RGB", (6, 8), "white").save(photos / "blue sky" / "b.png", exif=exif)
    dataset = read(photos, reporter, validation=0, test=0)
    assert dataset.inputs == ImageInput(shape=(6, 8, 3))
    white = (dataset.splits["train"].examples == 255).all(axis=(1, 2, 3))
    assert white.sum() == 2


def test_splits_above_the_classes(photos: Path, tmp_path: Path, reporter: Any) -> None:
    parted = tmp_path / "parted"
    parted.mkdir()
    photos.rename(parted / "train")
    for name in COLOURS:
        (parted / "val" / name).mkdir(parents=True)
        Image.new("RGB", (8, 6), COLOURS[name]).save(parted / "val" / name / "x.png")
    sizes = {n: len(split) for n, split in read(parted, reporter, test=0).splits.items()}
    assert sizes == {"train": 20, "validation": 2}
    (parted / "val" / "green").mkdir()
    Image.new("RGB", (8, 6), "green").save(parted / "val" / "green" / "x.png")
    with pytest.raises(DataError, match="Classes that validation has and train lacks: green"):
        read(parted, reporter)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty (0 bytes)"), (b"no image at all", "is no image"), (None, "more pixels")],
)
def test_a_bad_image_is_named_or_skipped(
    photos: Path, reporter: Any, content: bytes | None, reason: str
) -> None:
    bad = photos / "blue sky" / "bad.png"
    if content is None:
        Image.new("1", (30_000, 30_000)).save(bad)  # 100 kB that would fill 900 MB
    else:
        bad.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(photos, reporter)
    assert str(bad) in caught.value.message and reason in caught.value.message
    dataset = read(photos, reporter, on_error="skip", validation=0, test=0)
    assert len(dataset.splits["train"]) == 20
    assert str(bad) in "\n".join(reporter.warnings)


def test_a_truncated_image_is_named(photos: Path, reporter: Any) -> None:
    whole = photos / "blue sky" / "big.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    whole.write_bytes(whole.read_bytes()[:-60])
    with pytest.raises(DataError, match=r"big\.jpg.* is damaged"):
        read(photos, reporter)
    dataset = read(photos, reporter, on_error="skip", validation=0, test=0)
    assert len(dataset.splits["train"]) == 20


def test_links_in_a_circle_end(photos: Path, reporter: Any) -> None:
    """A link to what lies above would give a class the files of all classes."""
    (photos / "blue sky" / "again").symlink_to(photos / "blue sky")
    (photos / "blue sky" / "above").symlink_to(photos)
    (photos / "blue sky" / "deep" / "up").symlink_to("..")
    dataset = read(photos, reporter, validation=0, test=0)
    assert len(dataset.splits["train"]) == 20


@pytest.mark.parametrize("target", [".", "..", "absolute"])
def test_a_class_that_is_a_link_upwards_is_none(photos: Path, reporter: Any, target: str) -> None:
    (photos / "c").symlink_to(photos if target == "absolute" else target)
    dataset = read(photos, reporter, validation=0, test=0)
    assert dataset.target.names == ("blue sky", "r\u00f6te")
    assert len(dataset.splits["train"]) == 20
    assert reporter.warnings == ["Left out of my photos \u00fc, for it leads upwards: c"]


def test_a_class_that_is_a_link_to_elsewhere_is_one(
    photos: Path, tmp_path: Path, reporter: Any
) -> None:
    (photos / "blue sky").rename(tmp_path / "elsewhere")
    (photos / "sky").symlink_to(tmp_path / "elsewhere")
    dataset = read(photos, reporter, validation=0, test=0)
    assert dataset.target.names == ("r\u00f6te", "sky")
    assert not reporter.warnings


@pytest.mark.parametrize(("kind", "reason"), [("link", "is a link to nothing"),
                                              ("pipe", "is no regular file")])  # fmt: skip
def test_what_is_no_file_is_never_waited_for(
    photos: Path, reporter: Any, kind: str, reason: str
) -> None:
    bad = photos / "blue sky" / "bad.png"
    if kind == "link":
        bad.symlink_to("nothing.png")
    else:
        os.mkfifo(bad)
    with pytest.raises(DataError, match=reason):
        read(photos, reporter)
    dataset = read(photos, reporter, on_error="skip", validation=0, test=0)
    assert len(dataset.splits["train"]) == 20


def test_other_files_are_left_out_and_said(photos: Path, reporter: Any) -> None:
    (photos / "blue sky" / "notes.doc").write_text("x")
    (photos / "blue sky" / "Thumbs.db").write_text("x")
    (photos / "nothing").mkdir()
    assert len(read(photos, reporter, validation=0, test=0).splits["train"]) == 20
    said = "\n".join(reporter.warnings)
    assert ".doc (1)" in said and "Thumbs" not in said
    assert "Classes without a file, left out: nothing" in said


def test_folders_that_are_none(tmp_path: Path, photos: Path, reporter: Any) -> None:
    with pytest.raises(NotFoundError, match="There is no folder"):
        read(tmp_path / "nothing", reporter)
    with pytest.raises(DataError, match="no sub-folders with images"):
        read(photos / "blue sky" / "deep", reporter)
    (photos / "blue sky" / "a.txt").write_text("x")
    with pytest.raises(DataError, match="files of several kinds: 20 image and 1 text"):
        read(photos, reporter)


def test_sound_becomes_spectrograms_of_one_length(recordings: Path, reporter: Any) -> None:
    dataset = read(recordings, reporter, validation=0, test=0)
    assert dataset.inputs == SoundInput(sample_rate=8000)
    prepared = dataset.preprocessing
    assert isinstance(prepared, SoundPreprocessing)
    train = dataset.splits["train"]
    assert train.inputs.shape == (20, 64, prepared.frames, 1)
    loudest = train.examples[..., 5, 0].argmax(axis=1)
    high, low = loudest[train.labels == 0], loudest[train.labels == 1]
    assert high.min() > low.max() + 10  # resampled ones included: the tone is where it was
    assert any("brought to 8,000 samples a second" in said for said in reporter.notices)
    np.testing.assert_allclose(train.examples.mean(axis=(1, 2, 3)), 0, atol=1e-3)


def test_a_spectrogram_does_not_depend_on_its_batch(recordings: Path, reporter: Any) -> None:
    from nncli.preprocessing.applying import Applied

    dataset = read(recordings, reporter)
    assert isinstance(dataset.preprocessing, SoundPreprocessing)
    applied = Applied(dataset.preprocessing)
    sound = np.random.default_rng(0).normal(size=(2, dataset.preprocessing.samples))
    sound = (sound * [[1.0], [1e-4]]).astype(np.float32)
    together, alone = applied(sound)[1], applied(sound[1:])[0]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_bad_recording_is_named_or_skipped(recordings: Path, reporter: Any) -> None:
    bad = recordings / "low" / "bad.wav"
    bad.write_bytes(b"RIFF nothing")
    with pytest.raises(DataError, match=r"bad\.wav: is no sound, or damaged"):
        read(recordings, reporter)
    dataset = read(recordings, reporter, on_error="skip", validation=0, test=0)
    assert len(dataset.splits["train"]) == 20


def test_texts_in_folders_and_a_line_an_example(tmp_path: Path, reporter: Any) -> None:
    for name, word in {"bad": "awful", "good": "fine"}.items():
        (tmp_path / "texts" / name).mkdir(parents=True)
        for number in range(10):
            text = f"It was {word}, take {number}"
            (tmp_path / "texts" / name / f"{number}.txt").write_text(text)
        lines = "".join(f"It was {word}, take {number}\n\n" for number in range(10))
        (tmp_path / f"lines.{name}").write_text(lines)
    folders = read(tmp_path / "texts", reporter, validation=0, test=0)
    lines_of = read(tmp_path / "lines.*", reporter, validation=0, test=0)
    assert folders.inputs == lines_of.inputs == TextInput()
    assert folders.target == lines_of.target
    for dataset in (folders, lines_of):
        prepared = dataset.preprocessing
        assert isinstance(prepared, TextPreprocessing)
        assert {"awful", "fine", "it", "take"} < set(prepared.vocabulary)
        assert prepared.tokens == "words"
        assert dataset.splits["train"].inputs.shape == (20, 5)
        assert dataset.splits["train"].inputs.dtype == np.int32


def test_scripts_without_spaces_are_cut_into_characters(tmp_path: Path, reporter: Any) -> None:
    for name, sign in {"a": "\u4e00", "b": "\u4e8c"}.items():
        lines = "".join(f"{sign * 40}{chr(0x4E10 + number)}\n" for number in range(12))
        (tmp_path / f"lines.{name}").write_text(lines)
    dataset = read(tmp_path / "lines.*", reporter)
    prepared = dataset.preprocessing
    assert isinstance(prepared, TextPreprocessing)
    assert prepared.tokens == "characters" and prepared.length == 41


def test_a_text_in_another_encoding_is_named(tmp_path: Path, reporter: Any) -> None:
    for name in ("a", "b"):
        (tmp_path / "t" / name).mkdir(parents=True)
        for number in range(10):
            (tmp_path / "t" / name / f"{number}.txt").write_text("sch\u00f6n", "cp1252")
    with pytest.raises(DataError, match=r"line 1: byte 0xf6 is not utf-8"):
        read(tmp_path / "t", reporter)
    dataset = read(tmp_path / "t", reporter, encoding="cp1252")
    assert dataset.preprocessing.vocabulary == ("sch\u00f6n",)


@pytest.mark.parametrize(
    ("mode", "channels"),
    [("RGB", 3), ("CMYK", 3), ("P", 3), ("RGBA", 3), ("L", 1), ("LA", 1), ("1", 1), ("I;16", 1)],
)
def test_images_of_every_mode(tmp_path: Path, reporter: Any, mode: str, channels: int) -> None:
    grey = np.full((6, 8), 40_000, np.uint16)
    for name, colour in {"dark": (40, 40, 40), "light": (200, 200, 200)}.items():
        (tmp_path / "p" / name).mkdir(parents=True)
        for number in range(3):
            picture = Image.new("RGB", (8, 6), colour).convert("RGB" if mode == "I;16" else mode)
            if mode == "I;16":  # the dark ones use so little of the 16 bits that 8 would do
                picture = Image.fromarray(grey if name == "light" else grey // 200)
            ending = "jpg" if mode == "CMYK" else "png"
            picture.save(tmp_path / "p" / name / f"{number}.{ending.upper()}")
    dataset = read(tmp_path / "p", reporter, validation=0, test=0)
    assert dataset.inputs == ImageInput(shape=(6, 8, channels))
    train = dataset.splits["train"]
    means = [float(train.examples[train.labels == label].mean()) for label in (0, 1)]
    wanted = {"1": (0, 255), "I;16": (0, 155)}.get(mode, (40, 200))
    np.testing.assert_allclose(means, wanted, atol=70 if mode == "1" else 3)


def test_splits_in_any_case_and_classes_spelled_differently(
    photos: Path, tmp_path: Path, reporter: Any
) -> None:
    parted = tmp_path / "parted"
    parted.mkdir()
    photos.rename(parted / "Train")
    for name in COLOURS:
        (parted / "TEST" / name.upper()).mkdir(parents=True)
        Image.new("RGB", (8, 6), COLOURS[name]).save(parted / "TEST" / name.upper() / "x.png")
    (parted / "new").mkdir()
    Image.new("RGB", (8, 6)).save(parted / "new" / "x.png")
    dataset = read(parted, reporter, validation=0)
    assert {n: len(split) for n, split in dataset.splits.items()} == {"train": 20, "test": 2}
    test = dataset.splits["test"]
    pixels = test.examples.reshape(2, -1, 3).astype(int)
    for number, colour in enumerate(COLOURS.values()):
        assert np.abs(pixels[test.labels == number] - colour).max() < 12
    assert "lie beside Train: new" in reporter.warnings[0]


def test_a_class_may_be_called_train(photos: Path, reporter: Any) -> None:
    """A folder of photographs of trains and buses has no splits."""
    (photos / "blue sky" / "deep").rename(photos / "train")
    dataset = read(photos, reporter, validation=0, test=0)
    assert dataset.target.names == ("blue sky", "r\u00f6te", "train")


def test_folders_without_classes_say_what_is_there(photos: Path, reporter: Any) -> None:
    with pytest.raises(DataError, match="image files lie in it directly"):
        read(photos / "blue sky" / "deep", reporter)
    with pytest.raises(DataError, match="image files lie in it directly"):  # before TensorFlow
        data.check_source(FolderDataset(path=photos / "blue sky" / "deep"))
    for path in list(photos.rglob("*.*")):
        path.rename(path.with_suffix(".heic"))
    with pytest.raises(DataError, match=r"its files end in \.heic \(20\)"):
        read(photos, reporter)


def test_a_folder_that_is_one_split(photos: Path, tmp_path: Path, reporter: Any) -> None:
    (tmp_path / "parted").mkdir()
    photos.rename(tmp_path / "parted" / "test")
    with pytest.raises(DataError, match="has test, and no train"):
        read(tmp_path / "parted", reporter)
    (tmp_path / "one" / "cat").mkdir(parents=True)
    Image.new("RGB", (8, 6)).save(tmp_path / "one" / "cat" / "x.png")
    with pytest.raises(DataError, match="has 1 class with files: cat"):
        read(tmp_path / "one", reporter)


@pytest.mark.parametrize("ending", ["png", "wav", "txt"])
def test_a_class_of_which_nothing_can_be_read(tmp_path: Path, reporter: Any, ending: str) -> None:
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
    for number in range(3):
        (tmp_path / "p" / "b" / f"{number}.{ending}").write_bytes(b"\xff\x00bad")
        good = tmp_path / "p" / "a" / f"{number}.{ending}"
        if ending == "png":
            Image.new("RGB", (8, 6)).save(good)
        elif ending == "wav":
            soundfile.write(good, np.zeros(800), 8000)
        else:
            good.write_text("good")
    with pytest.raises(DataError, match="nothing of b can be read"):
        read(tmp_path / "p", reporter, on_error="skip")
    assert "3 rows or files were left out" in reporter.warnings[0]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "ULAW", "ALAW"])
def test_sound_of_every_subtype(tmp_path: Path, reporter: Any, subtype: str) -> None:
    tones = {}
    for hertz in (300, 3000):
        (tmp_path / "s" / f"{hertz}").mkdir(parents=True)
        tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(2400) / 8000)
        for number in range(2):
            path = tmp_path / "s" / f"{hertz}" / f"{number}.WAV"
            soundfile.write(path, np.stack([tone] * 6, axis=1), 8000, subtype=subtype)
    train = read(tmp_path / "s", reporter, validation=0, test=0).splits["train"]
    tones = train.examples[..., 5, 0].argmax(axis=1)
    assert tones[:2].max() + 10 < tones[2:].min()


def test_bad_sound_is_named(recordings: Path, reporter: Any) -> None:
    bad = recordings / "low" / "bad.wav"
    soundfile.write(bad, np.zeros(800), 8000)
    whole = bad.read_bytes()
    cases = {
        "is cut off: 800 of 1,600 bytes lack": whole[:-800],
        "is empty \\(0 bytes\\)": b"",
        "is no sound": whole[:30],
    }
    for message, content in cases.items():
        bad.write_bytes(content)
        with pytest.raises(DataError, match=message):
            read(recordings, reporter)
    soundfile.write(bad, np.zeros(0), 8000)
    with pytest.raises(DataError, match="is empty \\(no samples\\)"):
        read(recordings, reporter)
    soundfile.write(bad, np.full(800, np.nan, np.float32), 8000, subtype="FLOAT")
    with pytest.raises(DataError, match="no finite numbers"):
        read(recordings, reporter)
    dataset = read(recordings, reporter, on_error="skip", validation=0, test=0)
    assert len(dataset.splits["train"]) == 20


def test_very_short_sound_is_filled_with_silence(tmp_path: Path, reporter: Any) -> None:
    for name in ("a", "b"):
        (tmp_path / "s" / name).mkdir(parents=True)
        for number in range(3):
            soundfile.write(tmp_path / "s" / name / f"{number}.wav", np.ones(5) / 2, 8000)
    dataset = read(tmp_path / "s", reporter, validation=0, test=0)
    assert np.isfinite(dataset.splits["train"].examples).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_texts_are_known_by_their_mark(tmp_path: Path, reporter: Any, encoding: str) -> None:
    for name in ("bad", "good"):
        (tmp_path / "t" / name).mkdir(parents=True)
        for number in range(5):
            path = tmp_path / "t" / name / f"{number}.TXT"
            path.write_text(f"sch\u00f6n {name}", encoding=encoding)
        (tmp_path / f"l.{name}").write_text(f"sch\u00f6n {name}\n" * 5, encoding=encoding)
    for path in (tmp_path / "t", tmp_path / "l.*"):
        dataset = read(path, reporter, validation=0, test=0)
        assert isinstance(dataset.preprocessing, TextPreprocessing)
        assert set(dataset.preprocessing.vocabulary) == {"sch\u00f6n", "bad", "good"}


def test_only_line_ends_part_lines(tmp_path: Path, reporter: Any) -> None:
    for name in ("bad", "good"):
        (tmp_path / f"l.{name}").write_bytes("it\u2028was\x0b so\r\n\n".encode() * 12)
    dataset = read(tmp_path / "l.*", reporter, validation=0, test=0)
    assert len(dataset.splits["train"]) == 24


def test_texts_without_a_word_are_refused(tmp_path: Path, reporter: Any) -> None:
    for name in ("a", "b"):
        (tmp_path / "t" / name).mkdir(parents=True)
        for number in range(5):
            (tmp_path / "t" / name / f"{number}.txt").write_text("... !" * number)
    with pytest.raises(DataError, match="have no words"):
        read(tmp_path / "t", reporter)
    (tmp_path / "l.a").write_text("one\n")
    (tmp_path / "l.b").write_text("\n")
    with pytest.raises(DataError, match=r"l\.b: has no line"):
        read(tmp_path / "l.*", reporter)


def test_a_zero_byte_is_no_text(tmp_path: Path, reporter: Any) -> None:
    for name in ("a", "b"):
        (tmp_path / "t" / name).mkdir(parents=True)
        (tmp_path / "t" / name / "x.txt").write_text("word", encoding="utf-16-le")
    with pytest.raises(DataError, match="has a zero byte") as caught:
        read(tmp_path / "t", reporter, validation=0, test=0)
    assert "utf-16-le" in (caught.value.hint or "")

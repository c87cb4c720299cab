"""Asking models about files, rows and texts of every kind."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

import nncli
from nncli.data import DigitsDataset, load
from nncli.errors import DataError, ModelFileError, NotFoundError, UsageError
from nncli.inference import Predictor
from nncli.reporting import SilentReporter
from nncli.training import TrainingResult


def train(folder: Path, dataset: Mapping[str, Any], **training: Any) -> Path:
    experiment = {"dataset": dataset, "training": {"epochs": 2, **training}}
    result = nncli.train(experiment, run_dir=folder)
    assert result.model_path is not None
    return result.model_path


def in_plain_keras(model: Path, inputs: Any) -> Any:
    import keras

    return keras.saving.load_model(model).predict(inputs, verbose=0)


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with a number, a category and a date; 80 rows."""
    path = tmp_path_factory.mktemp("flowers") / "flowers.csv"
    rows = [
        f"{n % 7 + 0.5},{'red' if n % 3 else 'blue'},2024-01-{n % 28 + 1:02d},"
        + ("rose" if n % 2 else "tulip")
        for n in range(80)
    ]
    path.write_text("size,colour,day,kind\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def flower_model(flowers: Path) -> Path:
    dataset = {"type": "table", "path": str(flowers), "target": "kind"}
    return train(flowers.parent / "run", dataset)


@pytest.fixture(scope="module")
def saying_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of texts, each a file."""
    folder = tmp_path_factory.mktemp("sayings")
    for name, words in {"good": "fine great nice", "bad": "poor awful sad"}.items():
        (folder / "texts" / name).mkdir(parents=True)
        for number in range(20):
            word = words.split()[number % 3]
            (folder / "texts" / name / f"{number}.txt").write_text(f"this was {word} {number}")
    return train(folder / "run", {"type": "folder", "path": str(folder / "texts")}, epochs=8)


def test_images_give_what_plain_keras_gives(digits_run: TrainingResult, tmp_path: Path) -> None:
    """Of a folder below which they lie, a pattern, and files, in the order that was asked for."""
    assert digits_run.model_path is not None
    split = load(DigitsDataset(), seed=0, reporter=SilentReporter()).splits["test"]
    pixels = np.asarray(split.examples)[:70]
    folder = tmp_path / "images"
    (folder / "deep").mkdir(parents=True)
    for number, one in enumerate(pixels):
        place = folder / ("deep" if number % 2 else "") / f"{number:03d}.png"
        Image.fromarray(one[..., 0]).save(place)
    expected = in_plain_keras(digits_run.model_path, pixels)
    first = folder / "deep" / "001.png"
    asked = nncli.predict(digits_run.model_path, [first, folder])
    names = [Path(name).name for name in asked.names]
    assert names == ["001.png", *(f"{n:03d}.png" for n in (*range(0, 70, 2), *range(1, 70, 2)))]
    numbers = [int(name[:3]) for name in names]
    np.testing.assert_allclose(asked.answers, expected[numbers], atol=1e-6)
    assert asked.labels == [str(place) for place in expected[numbers].argmax(axis=1)]
    like = nncli.predict(digits_run.model_path, f"{folder}/**/*.png")
    assert sorted(like.names) == sorted(asked.names[1:])


def test_images_of_other_sizes_and_colours_are_brought_to_the_models(
    digits_run: TrainingResult, tmp_path: Path
) -> None:
    assert digits_run.model_path is not None
    for number, mode in enumerate(("RGB", "L", "RGBA", "P")):
        Image.new(mode, (30 + number, 50)).save(tmp_path / f"{mode}.png")
    (tmp_path / "._RGB.png").write_bytes(b"what macOS leaves beside a file")
    asked = nncli.predict(digits_run.model_path, tmp_path)
    assert asked.answers.shape == (4, 10)
    np.testing.assert_allclose(asked.answers.sum(axis=1), 1, atol=1e-5)


def test_arrays_of_images(digits_run: TrainingResult, tmp_path: Path) -> None:
    assert digits_run.model_path is not None
    split = load(DigitsDataset(), seed=0, reporter=SilentReporter()).splits["test"]
    pixels = np.asarray(split.examples)
    np.save(tmp_path / "x.npy", pixels[..., 0])
    np.savez(tmp_path / "x.npz", x_test=pixels, y_test=split.labels)
    expected = in_plain_keras(digits_run.model_path, pixels)
    for name in ("x.npy", "x.npz"):
        asked = nncli.predict(digits_run.model_path, tmp_path / name)
        np.testing.assert_allclose(asked.answers, expected, atol=1e-6)
    assert asked.names[3] == f"{tmp_path / 'x.npz'}[3]"
    np.save(tmp_path / "large.npy", np.zeros((2, 9, 9), np.uint8))
    with pytest.raises(DataError, match=r"examples of shape \(9, 9\); the model takes images of 8"):
        nncli.predict(digits_run.model_path, tmp_path / "large.npy")
    np.save(tmp_path / "float.npy", np.zeros((2, 8, 8), np.float32))
    with pytest.raises(DataError, match="pixels of type float32; the model takes uint8"):
        nncli.predict(digits_run.model_path, tmp_path / "float.npy")


def test_rows_of_a_table_in_any_order_of_columns(flowers: Path, flower_model: Path) -> None:
    _, *rows = flowers.read_text().splitlines()
    whole = nncli.predict(flower_model, flowers)
    assert len(whole) == 80 and whole.names[0] == f"{flowers}:2"
    cells = [row.split(",") for row in rows]
    changed = flowers.with_name("changed.csv")
    lines = ["note;day;colour;size", *(f"x;{d};{c};{s}" for s, c, d, _ in cells)]
    changed.write_text("\n".join(lines))
    np.testing.assert_array_equal(nncli.predict(flower_model, changed).answers, whole.answers)
    unknown = flowers.with_name("unknown.csv")
    unknown.write_text("size,colour,day\nNA,green,\n1.5,red,2024-01-02\n")
    assert nncli.predict(flower_model, unknown).labels[0] in ("rose", "tulip")
    size = np.array([float(row[0]) for row in cells], np.float32)
    days = [np.datetime64(row[2]).astype("datetime64[D]").astype(int) for row in cells]
    colours = np.array([row[1] for row in cells], object)
    import tensorflow as tf

    table = {
        "size": size,
        "colour": tf.constant(colours.tolist()),
        "day": np.array(days, np.float32),
    }
    expected = in_plain_keras(flower_model, table)
    np.testing.assert_allclose(whole.answers, expected, atol=1e-6)


def test_a_table_that_lacks_a_column(flowers: Path, flower_model: Path) -> None:
    lacking = flowers.with_name("lacking.csv")
    lacking.write_text("size,color,day\n1.5,red,2024-01-02\n2.5,blue,2024-01-03\n")
    with pytest.raises(DataError, match="lacks the column 'colour'") as caught:
        nncli.predict(flower_model, lacking)
    assert "Is 'colour' called 'color' there?" in (caught.value.hint or "")


def test_bad_rows_fail_or_are_skipped_and_listed(
    flowers: Path, flower_model: Path, reporter: Any
) -> None:
    bad = flowers.with_name("bad.csv")
    bad.write_text(
        "size,colour,day\n1.5,red,2024-01-02\n\n2.5,blue,soon\n1.5,red\n"
        "large,red,2024-01-02\n3.5,blue,2024-01-04\n"
    )
    with pytest.raises(DataError, match="row 5: 2 cells where the others have 3") as caught:
        nncli.predict(flower_model, bad)
    assert "--on-error skip" in (caught.value.hint or "")
    asked = nncli.predict(flower_model, bad, on_error="skip", reporter=reporter)
    assert [name.rpartition(":")[2] for name in asked.names] == ["2", "7"]
    [said] = reporter.warnings
    assert "3 rows or files were left out" in said
    assert "row 6: size is to be a number, and is 'large'" in said
    assert said.index("row 4: day") < said.index("row 6: size")
    assert "row 4: day is to be a date, and is 'soon'" in said


def test_the_order_is_kept_over_many_batches_in_bounded_memory(
    flowers: Path, flower_model: Path
) -> None:
    header, *rows = flowers.read_text().splitlines()
    many = flowers.with_name("many.csv")
    many.write_text("\n".join([header, *(rows * 400)]) + "\n")
    once = nncli.predict(flower_model, flowers).answers
    done = 0
    for batch in Predictor(flower_model).ask([many]):
        assert len(batch) <= 200_000
        places = np.arange(done, done + len(batch)) % 80
        np.testing.assert_allclose(batch.answers, once[places], atol=1e-6)
        assert batch.names[0] == f"{many}:{done + 2}"
        done += len(batch)
    assert done == 32_000


PEAK = """
import resource, sys
from nncli.inference import Predictor
count = sum(len(batch) for batch in Predictor(sys.argv[1]).ask([sys.argv[2]]))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(flowers: Path, flower_model: Path) -> None:
    header, *rows = flowers.read_text().splitlines()
    peaks = []
    for times in (200, 10_000):
        path = flowers.with_name(f"{times}.csv")
        path.write_text("\n".join([header, *(rows * times)]) + "\n")
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(flower_model), str(path)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        count, peak = map(int, done.stdout.split())
        assert count == 80 * times
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 100


def test_texts_from_everywhere(saying_model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("this was great")
    (tmp_path / "b.csv").write_text("number,words\n1,this was poor\n2,this was nice\n")
    predictor = Predictor(saying_model)
    stream = io.BytesIO(b"this was fine\n\nthis was sad\n")
    batches = list(
        predictor.ask(
            [tmp_path / "a.txt", tmp_path / "b.csv"], texts=["this was awful"],
            column="words", stream=stream,
        )
    )  # fmt: skip
    names = [name for batch in batches for name in batch.names]
    assert names[0] == str(tmp_path / "a.txt")
    assert names[3:] == ["text 1", "line 1", "line 3"]
    chosen = np.concatenate([batch.answers for batch in batches]).argmax(axis=1)
    said = [predictor.target.names[place] for place in chosen]
    assert said == ["good", "bad", "good", "bad", "good", "bad"]
    with pytest.raises(UsageError, match=r"Which column of b\.csv is the text"):
        nncli.predict(saying_model, tmp_path / "b.csv")
    old = b"this\n\xfcber\nlast\n"
    with pytest.raises(DataError, match="Line 2 of standard input is not UTF-8: byte 0xfc"):
        list(predictor.ask([], stream=io.BytesIO(old)))
    [batch] = predictor.ask([], stream=io.BytesIO(old), on_error="skip")
    assert batch.names == ("line 1", "line 3")
    [batch] = predictor.ask([], stream=io.BytesIO(old), encoding="cp1252")
    assert len(batch) == 3
    with pytest.raises(UsageError, match="cannot be told apart in utf-16"):
        predictor.ask([], stream=io.BytesIO(old), encoding="utf-16")
    (tmp_path / "old.txt").write_bytes(b"this was \xfcber")
    with pytest.raises(DataError, match="may need --encoding cp1252") as caught:
        nncli.predict(saying_model, tmp_path / "old.txt")
    assert "--set" not in f"{caught.value} {caught.value.hint}"
    assert len(nncli.predict(saying_model, tmp_path / "old.txt", encoding="cp1252")) == 1


def test_sound(tmp_path: Path) -> None:
    for name, hertz in {"high": 2000.0, "low": 200.0}.items():
        (tmp_path / "tones" / name).mkdir(parents=True)
        for number in range(12):
            times = np.arange(2400 + 100 * number) / 8000
            tone = 0.5 * np.sin(2 * np.pi * hertz * times)
            soundfile.write(tmp_path / "tones" / name / f"{number}.wav", tone, 8000)
    model = train(tmp_path / "run", {"type": "folder", "path": str(tmp_path / "tones")}, epochs=5)
    times = np.arange(8000) / 16000
    soundfile.write(tmp_path / "other.flac", 0.5 * np.sin(2 * np.pi * 2000 * times), 16000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF....")
    assert nncli.predict(model, tmp_path / "other.flac").labels == ["high"]
    both = [tmp_path / "broken.wav", tmp_path / "other.flac"]
    with pytest.raises(DataError, match=r"broken\.wav"):
        nncli.predict(model, both)
    assert nncli.predict(model, both, on_error="skip").names == [str(tmp_path / "other.flac")]
    # Each of these would get an answer, about silence or about half of it.
    whole = (tmp_path / "tones" / "low" / "0.wav").read_bytes()
    (tmp_path / "asked").mkdir()
    (tmp_path / "asked" / "cut.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(tmp_path / "asked" / "nothing.wav", np.zeros(0, np.float32), 8000)
    (tmp_path / "asked" / "lost.wav").symlink_to(tmp_path / "nowhere.wav")
    for name, said in {
        "cut.wav": r"cut\.wav is cut off",
        "lost.wav": r"lost\.wav is a link to nothing",
        "nothing.wav": r"nothing\.wav is empty \(no samples\)",
    }.items():
        with pytest.raises(DataError, match=said):
            nncli.predict(model, tmp_path / "asked")
        (tmp_path / "asked" / name).unlink()


def test_values_come_in_their_unit(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    rows = [f"{n % 10},{300_000 + 10_000 * (n % 10) + n / 7:.3f}" for n in range(200)]
    path.write_text("rooms,price\n" + "\n".join(rows))
    dataset = {"type": "table", "path": str(path), "target": "price"}
    asked = nncli.predict(train(tmp_path / "run", dataset, epochs=60), path)
    assert asked.labels[0] == pytest.approx(300_000, rel=0.1)
    with pytest.raises(UsageError, match="no probabilities"):
        asked.probabilities  # noqa: B018


def test_what_cannot_be_asked(
    digits_run: TrainingResult, flower_model: Path, flowers: Path, tmp_path: Path
) -> None:
    assert digits_run.model_path is not None
    with pytest.raises(NotFoundError, match=r"no file nothing\.png"):
        nncli.predict(digits_run.model_path, "nothing.png")
    with pytest.raises(UsageError, match=r"flowers\.csv is nothing that this model takes"):
        nncli.predict(digits_run.model_path, flowers)
    with pytest.raises(UsageError, match="no text"):
        nncli.predict(flower_model, texts=["hello"])
    with pytest.raises(NotFoundError, match="has no files of"):
        nncli.predict(flower_model, tmp_path)
    import keras

    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    plain.save(tmp_path / "plain.keras")
    with pytest.raises(ModelFileError, match="does not say what it takes"):
        nncli.predict(tmp_path / "plain.keras", "x.png")

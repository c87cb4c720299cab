"""Names of files that say what they are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nncli.data.files import label_of, read_ahead
from nncli.files import is_plain


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("photos.zip", "is an archive: unpack it"),
        ("photos.tar.gz", "is an archive: unpack it"),
        ("PHOTOS.TAR", "is an archive: unpack it"),
        ("paper.pdf", "is a document: save its table as CSV"),
        ("paper.docx", "is a document: save its table as CSV"),
        ("./train.py", "is a program"),
        ("model.keras", "is a model: it is evaluated with nncli evaluate"),
        ("mine.yaml", "is an experiment: it is named with -c"),
    ],
)
def test_what_the_name_says_to_be_no_data_is_refused(
    run_cli: Any, name: str, said: str, there: bool
) -> None:
    if there:
        Path(name).write_bytes(b"PK\x03\x04")
    for command in (["data", "check", name], ["train", "--dataset", name]):
        result = run_cli(command)
        assert result.exit_code == 2
        shown = " ".join(result.stderr.split())
        assert said in shown and "nncli reads tables (.csv" in shown


def test_a_folder_may_be_called_as_it_likes(run_cli: Any) -> None:
    for label in ("cats.zip", "dogs.py"):
        folder = Path("photos.zip") / label
        folder.mkdir(parents=True)
        for number in range(20):
            (folder / f"{number}.txt").write_text(f"a text about {label}, number {number}")
    assert run_cli(["data", "check", "photos.zip"]).exit_code == 0


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("my ph\u00f6tos", "my-ph\u00f6tos"),
        ("my pho\u0308tos", "my-ph\u00f6tos"),  # as macOS writes it
        ("\u6570\u636e.csv", "\u6570\u636e"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940.csv", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("dot.adult.csv", "dot"),
        ("a $b;c'd.csv", "a--b-c-d"),
        ("\U0001f600.csv", "data"),
        ("b\udce4d.csv", "b-d"),  # no UTF-8
        ("\u6570" * 100, "\u6570" * 26),
    ],
)
def test_a_label_keeps_letters_of_any_script(name: str, label: str) -> None:
    assert label_of(Path(name)) == label
    assert all(map(is_plain, label))


def test_a_run_is_called_as_its_file_is(run_cli: Any) -> None:
    rows = "".join(f"{n * 7 % 13},{'ab'[n % 2]}\n" for n in range(60))
    Path("m\u00fcn ster.csv").write_text(f"size,kind\n{rows}")
    options = ["--dataset", "m\u00fcn ster.csv", "--set", "dataset.target=kind", "--epochs", "1"]
    done = run_cli(["train", *options, "--model", "linear"])
    assert done.exit_code == 0, done.output
    run = Path("runs/1-m\u00fcn-ster-linear")
    assert (run / "model.keras").is_file()
    again = run_cli(["train", "-c", str(run / "config.yaml")])
    assert again.exit_code == 0 and Path("runs/2-m\u00fcn-ster-linear").is_dir(), again.output


def test_items_are_made_ahead_in_order_and_an_error_comes_in_its_turn() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2
        raise KeyError("three")

    coming = read_ahead(items())
    assert next(coming) == 1
    assert made.wait(10), "while the first is used, the second is made"
    assert next(coming) == 2
    with pytest.raises(KeyError, match="three"):
        next(coming)


def test_what_is_left_early_reads_no_more_than_one_item_ahead() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    coming = read_ahead(items())
    assert next(coming) == 0
    coming.close()
    assert made == [0, 1]

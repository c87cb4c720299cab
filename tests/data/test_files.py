"""Names of files that say what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


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

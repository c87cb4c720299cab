"""What is said about columns that a table does not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli import data
from nncli.data import TableDataset
from nncli.errors import DataError

FLOWERS = "length,colour,kind\n" + "".join(
    f"{number / 10},{'red' if number % 3 else 'blue'},{'rose' if number % 2 else 'tulip'}\n"
    for number in range(40)
)
WIDE = ",".join(f"c{number}" for number in range(30)) + "\n" + "1,a," * 14 + "1,2\n"


def read(path: Path, text: str, reporter: Any, **settings: Any) -> data.Dataset:
    path.write_text(text)
    return data.load(TableDataset(path=path, **settings), seed=0, reporter=reporter)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"target": "Kinds"}, "t.csv has no column 'Kinds'.\nDid you mean 'kind'? It has length, "),
        ({"group": "color"}, "dataset.group: t.csv has no column 'color'.\nDid you mean 'colour'?"),
        (
            {"time": "LENGTHS"},
            "dataset.time: t.csv has no column 'LENGTHS'.\nDid you mean 'length'",
        ),
        ({"columns": {"lenght": "ignore"}}, "has no column 'lenght'.\nDid you mean 'length'? It "),
        ({"columns": {"abc": "text"}}, "dataset.columns: t.csv has no column 'abc'.\nIt has len"),
    ],
)
def test_a_name_that_no_column_has(
    tmp_path: Path, reporter: Any, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path / "t.csv", FLOWERS, reporter, **{"target": "kind", **settings})
    assert said in str(caught.value)


def test_a_list_of_columns_that_is_cut_says_how_many_more_there_are(
    tmp_path: Path, reporter: Any
) -> None:
    with pytest.raises(DataError, match="It has c0, c1, c2, c3, c4, c5, c6, c7 and 22 more"):
        read(tmp_path / "t.csv", WIDE, reporter, target="what")

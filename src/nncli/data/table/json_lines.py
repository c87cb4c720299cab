"""JSON Lines as batches of cells: a line is a row, and the keys of inner objects are columns."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nncli.data.skipping import Skipped
from nncli.data.table.cells import BATCH_ROWS, Batch, Cells
from nncli.data.table.layout import (
    BYTE_ORDER_MARKS,
    DAMAGED,
    Layout,
    opened,
    wrong_encoding,
)
from nncli.errors import DataError

__all__ = ["json_layout", "json_rows"]


def json_layout(path: Path, encoding: str | None) -> Layout:
    with opened(path) as stream:
        try:
            start = stream.read(4096)
        except DAMAGED as error:
            raise DataError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    marked = next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), "utf-8")
    layout = Layout((), encoding=encoding or marked)
    if start.lstrip(codecs.BOM_UTF8 + b" \r\n\t").startswith(b"["):
        raise DataError(
            f"{path} is one JSON list; nncli reads JSON Lines, where each line is one row.",
            hint=f"Write it so: jq -c '.[]' {path.name} > {path.stem}-lines.jsonl",
        )
    names: dict[str, None] = {}
    for row in _json_objects(path, layout, Skipped("skip")):
        names.update(dict.fromkeys(row))
    if not names:
        for _ in _json_objects(path, layout, Skipped("fail")):
            pass  # whatever is wrong with the first line is said
        raise DataError(f"{path} has no rows.", hint="A line is one row: {...}.")
    return replace(layout, columns=tuple(names))


def json_rows(path: Path, layout: Layout, skipped: Skipped) -> Iterator[Batch]:
    rows: list[dict[str, Any]] = []
    for row in _json_objects(path, layout, skipped):
        rows.append(row)
        if len(rows) == BATCH_ROWS:
            yield _json_batch(rows, layout.columns)
            rows = []
    if rows:
        yield _json_batch(rows, layout.columns)


def _json_batch(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Batch:
    import pyarrow as pa

    found = {}
    for name in names:
        values = [row.get(name) for row in rows]
        lists = any(isinstance(value, list) for value in values)
        texts = pa.array([_json_text(value) for value in values], pa.string())
        found[name] = Cells(texts, unreadable="list" if lists else "")
    return found


def _json_objects(path: Path, layout: Layout, skipped: Skipped) -> Iterator[dict[str, Any]]:
    encoding = "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding
    number = 0
    try:
        with opened(path) as stream, io.TextIOWrapper(stream, encoding=encoding) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    skipped.blank.setdefault(path, []).append(number)
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    skipped.row(path, number, _no_json(path, number, error))
                    continue
                if isinstance(row, dict):
                    yield _flat(row)
                else:
                    skipped.row(path, number, f"{path}, line {number}: not an object in braces")
    except (UnicodeError, LookupError) as error:
        raise wrong_encoding(path, layout.encoding) from error
    except DAMAGED as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} cannot be read behind line {number}: {reason}.") from error


def _no_json(path: Path, number: int, error: Exception) -> str:
    """What is wrong with a line; the error counts the lines of that line alone."""
    if isinstance(error, json.JSONDecodeError):
        return f"{path}, line {number}, column {error.colno}: not JSON ({error.msg})"
    return f"{path}, line {number}: not JSON ({error})"


def _flat(row: Mapping[str, Any], front: str = "") -> dict[str, Any]:
    """An object whose inner objects became keys of their own: {a: {b: 1}} is {a.b: 1}."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{front}{key}.")
        else:
            found[front + key] = value
    return found


def _json_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)

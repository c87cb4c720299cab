"""The columns of a table: constant, empty, identifiers, mixed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from nncli.data.checking.finding import Finding, on_a_line, some
from nncli.data.table.columns import (
    ALL_DIFFERENT,
    NAMES_FILES,
    NUMBERS_ROWS,
    Kind,
    Seen,
    named_as_identifier,
)
from nncli.reporting import counted

__all__ = ["columns"]

MOSTLY_MISSING = 0.5
MIXED = (0.02, 0.98)
# A category of which nearly every row has another value tells nothing about new rows.
NEARLY_UNIQUE = 0.7
FEWEST_ROWS = 20
SHOWN_WORDS = 3


def columns(seen: Mapping[str, Seen], kinds: Mapping[str, Kind]) -> Iterator[Finding]:
    """What is odd about columns, those with the same oddity together.

    Args:
        seen: the cells in train of each column that may be an input.
        kinds: what training takes them for, where that is known.
    """
    if not seen:
        return
    odd: dict[str, list[str]] = defaultdict(list)
    for name, column in seen.items():
        for kind, text in _oddities(name, column, kinds.get(name)):
            odd[kind].append(text)
    for kind, (message, hint) in ODDITIES.items():
        names = odd.get(kind, ())
        if names:
            verb = "is" if len(names) == 1 else "are"
            what = message.format(count=counted(len(names), "column"), verb=verb)
            yield Finding("warn", "columns", f"{what}: {some(names)}", hint, names)
    if not odd:
        yield Finding("good", "columns", f"{counted(len(seen), 'column')}, nothing odd about them")


ODDITIES = {
    "empty": ("{count} {verb} empty", "They are left out; remove them from the file."),
    "unreadable": ("{count} {verb} neither of numbers, words nor dates",
                   "They are left out; write what counts of them into columns of their own."),
    "unusable": ("{count} {verb} of numbers that no network takes",
                 "They are left out; write them in other units, or as logarithms."),
    "constant": ("{count} {verb} the same in every row",
                 "Nothing can be learned from them, and they are left out."),
    "identifier": ("{count} {verb} different in every row, as identifiers are",
                   "Strings and row numbers are left out by themselves; leave out the others:\n"
                   "--set 'dataset.columns={NAME: ignore}'"),
    "nearly": ("{count} {verb} words that hardly ever occur twice",
               "Of new rows they tell nothing. Leave them out, or say that they are text:\n"
               "--set 'dataset.columns={NAME: ignore}'"),
    "missing": ("{count} {verb} mostly missing",
                "Missing cells are flagged for the model; remove the column if they mean nothing."),
    "mixed": ("{count} {verb} of mixed types",
              "Write one kind of cell. Words that mean missing:\n"
              "--set 'dataset.missing=[WORD]'"),
    "spelling": ("{count} with values that differ in capitals or spaces alone",
                 "They count as different; spell them alike."),
}  # fmt: skip


def _oddities(name: str, column: Seen, taken: Kind | None) -> Iterator[tuple[str, str]]:
    known, distinct = column.known, len(column.counts)
    if column.unreadable:
        yield "unreadable", f"{name} ({column.unreadable})"
        return
    if not known:
        yield "empty", name
        return
    if distinct == 1 and not column.missing:
        yield "constant", f"{name} ({on_a_line(next(iter(column.counts)))})"
        return
    kind, reason = column.kind(name)
    decided = taken not in (None, "ignore", kind)
    if taken is not None and decided:  # by the settings, or because there is no other column
        kind, reason = taken, ""
    if reason and reason not in (NUMBERS_ROWS, NAMES_FILES, ALL_DIFFERENT):
        yield "unusable", f"{name} ({reason})"
        return
    if not decided and _is_identifier(name, column, kind):
        yield "identifier", name
        return
    words = column.numbers < known / 2 and known >= FEWEST_ROWS
    if kind == "category" and words and distinct > NEARLY_UNIQUE * column.counted:
        yield "nearly", f"{name} ({distinct:,} different in {known:,})"
    if column.missing > MOSTLY_MISSING * column.rows:
        yield "missing", f"{name} ({column.missing / column.rows:.0%})"
    yield from _mixed(name, column)
    if kind == "category":
        spellings: dict[str, list[str]] = defaultdict(list)
        for word in column.counts:
            spellings[" ".join(word.casefold().split())].append(word)
        twice = [words for words in spellings.values() if len(words) > 1]
        if twice:
            yield "spelling", f"{name} ({' / '.join(map(on_a_line, twice[0][:SHOWN_WORDS]))})"


def _mixed(name: str, column: Seen) -> Iterator[tuple[str, str]]:
    """Numbers or dates in some rows and words in others."""
    known = column.known
    if column.words_for_missing:
        return
    words = sum(1 for word in column.others if any(map(str.isalpha, word)))
    for count, what in ((column.numbers, "numbers"), (column.dates, "dates")):
        part = count / known
        # Codes such as A12 and 17, few and often, are categories as they should be.
        codes = len(column.counts) < FEWEST_ROWS and what == "numbers"
        if MIXED[0] < part < MIXED[1] and words and not (codes and part < MIXED[1] / 2):
            others = [w for w, _ in column.others.most_common(SHOWN_WORDS)]
            listed = ", ".join(map(on_a_line, others))
            yield "mixed", f"{name} ({part:.0%} {what}, others {listed})"
            return


def _is_identifier(name: str, column: Seen, kind: Kind) -> bool:
    known, distinct = column.known, len(column.counts)
    if known < FEWEST_ROWS or column.missing:
        return False
    if kind == "ignore":
        return True
    if distinct < column.counted or kind in ("text", "date"):
        return False
    if column.numbers < known:
        return kind == "category" and column.words / known < 1.5
    if not all(cell.lstrip("-").isdigit() for cell in column.counts):
        return False  # measurements differ too
    values = sorted(map(int, column.counts))
    # Others without a gap are years, doses, temperatures.
    counts = values[0] in (0, 1) and values[-1] - values[0] < 1.1 * len(values)
    return counts or named_as_identifier(name)

"""Examining a dataset before hours are spent on it: graded findings, each with advice.

Data is read batch by batch, as it was recorded; of each example stay a digest, its target and,
of images, a thumbnail (`examples`). Folders, tables and all others are read by a file of this
folder each; what is said about them afterwards is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from nncli import data
from nncli.data.checking import decoded, folders, tables
from nncli.data.checking.classes import sizes_of_splits, targets
from nncli.data.checking.columns import columns
from nncli.data.checking.copies import copies, near_copies
from nncli.data.checking.examples import Examined
from nncli.data.checking.finding import Finding, Grade
from nncli.data.checking.giving_away import giving_away
from nncli.data.checking.groups import groups
from nncli.data.folder import FolderDataset
from nncli.data.splits import Division
from nncli.data.table import TableDataset
from nncli.errors import DataError, NncliError
from nncli.reporting import Reporter

__all__ = ["Finding", "Grade", "check"]


def check(settings: data.DatasetSettings, *, seed: int, reporter: Reporter) -> list[Finding]:
    """Read all of a dataset and grade what is found; the worst is `fail`.

    What cannot be read is a finding, and the rest is examined without it.

    Raises:
        NotFoundError: there is no such file, folder or name.
    """
    match settings:
        case FolderDataset():
            examined = folders.examine(settings, reporter)
        case TableDataset():
            examined = tables.examine(settings, reporter)
        case _:
            examined = decoded.examine(settings, reporter)
    findings = [*examined.findings, *_about_examples(examined, settings, seed, reporter)]
    if examined.examples is not None and not any(f.grade == "fail" for f in findings):
        findings += _refused(settings, examined.examples.kind)
    return findings


def _about_examples(
    examined: Examined, settings: data.DatasetSettings, seed: int, reporter: Reporter
) -> list[Finding]:
    """What all examples together show."""
    examples = examined.examples
    if examples is None:
        return []
    findings = []
    try:
        examples = examples.divided_for_training(_division(settings), seed)
    except DataError as error:
        findings.append(Finding("fail", "splits", error.message, error.hint or ""))
    sections: dict[str, Iterator[Finding]] = {
        "splits": sizes_of_splits(examples),
        "targets": targets(examples),
        "columns": columns(examined.columns, examined.kinds),
        "copies": copies(examples),
        "near copies": near_copies(examples, reporter),
    }
    if examined.sample is not None and examples.target is not None:
        cells, answers = examined.sample
        drawn = examples.held_out if getattr(settings, "by", "nothing") is None else ()
        together = [*_found("groups", groups(cells, answers, examples.target, drawn))]
        findings += together
        others = cells.keys() - examined.ignored - {finding.about for finding in together}
        inputs = {name: values for name, values in cells.items() if name in others}
        sections["answers"] = giving_away(inputs, answers, examples.target, reporter)
    for name, section in sections.items():
        findings += _found(name, section)
    return findings


def _division(settings: data.DatasetSettings) -> Division:
    """How training divides the examples."""
    return settings.with_a_fold().division


def _found(name: str, section: Iterator[Finding]) -> Iterator[Finding]:
    """The findings of a section; a mistake of nncli in it must not hide those of the others."""
    try:
        yield from section
    except NncliError as error:  # such as a file that went away meanwhile
        yield Finding("fail", name, error.message, error.hint or "")
    except MemoryError:
        raise
    except Exception as error:  # swallows nothing: it becomes a finding that says what it was
        yield Finding("warn", name, f"could not be examined ({type(error).__name__}: {error})",
                      "That is a mistake of nncli. All else was examined.")  # fmt: skip


def _refused(settings: data.DatasetSettings, kind: str) -> list[Finding]:
    """What training would say of settings, for data that looked fine so far."""
    if not isinstance(settings, FolderDataset | TableDataset):
        return []
    try:
        settings.check_kind(settings.label, kind)
    except DataError as error:
        return [Finding("fail", "training", error.message, error.hint or "")]
    return []

"""`nncli data check` on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from nncli.cli._console import in_lines, visible

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.data.checking import Finding

__all__ = ["show_findings"]

STYLES = {"good": "green", "warn": "yellow", "fail": "red"}
INDENT = 6
# Files that cannot be read are what people came for; of other things the first tell enough.
NAMED = {"fail": 20, "warn": 3, "good": 0}


def show_findings(screen: Screen, findings: Sequence[Finding]) -> None:
    """Each finding with the first files or rows it is about, and what to do below it."""
    for finding in findings:
        _show_line(screen, finding)
        limit = NAMED[finding.grade]
        named = [*finding.examples] if _are_places(finding) else []
        # One more takes no more room than saying so.
        shown = named if len(named) <= limit + 1 else named[:limit]
        for example in shown:
            line = Text(f"{' ' * (INDENT + 2)}{visible(example)}")
            screen.out.print(line, soft_wrap=True)
        if limit and len(shown) < len(named):
            more = f"{' ' * (INDENT + 2)}and {len(named) - len(shown):,} more (--json has all)"
            screen.out.print(Text(more, "dim"))
        for advice in finding.hint.splitlines():
            _show_advice(screen, advice)
    grades: list[str] = [finding.grade for finding in findings]
    counts = ", ".join(f"{grades.count(grade)} {grade}" for grade in STYLES)
    screen.out.print(f"\n{counts}", markup=False)


def _show_line(screen: Screen, finding: Finding) -> None:
    message = Text.assemble((visible(finding.about), "bold"), ": ", visible(finding.message))
    grade = Text(f"{finding.grade:<{INDENT}}", STYLES[finding.grade])
    for number, line in enumerate(_wrapped(screen, message)):
        screen.out.print((Text(" " * INDENT) if number else grade) + line)


def _show_advice(screen: Screen, advice: str) -> None:
    """Options and commands stay on one line, to be copied."""
    for line in in_lines(visible(advice), max(screen.out.width - INDENT, 20)):
        screen.out.print(Text(" " * INDENT) + Text(line, "dim"), soft_wrap=True)


def _wrapped(screen: Screen, text: Text) -> Sequence[Text]:
    """`text` in lines that leave room for the indent, no spaces at their ends."""
    lines = list(text.wrap(screen.out, max(screen.out.width - INDENT, 20)))
    for line in lines:
        line.rstrip()
    return lines


def _are_places(finding: Finding) -> bool:
    """Whether the examples are more than the names that the message has already."""
    return any(example not in finding.message for example in finding.examples[:3])

"""`nncli doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nncli.cli._options import DebugOption, OfflineOption, QuietOption, screen_of
from nncli.cli._progress import reporter_for

if TYPE_CHECKING:
    from nncli.cli._console import Screen
    from nncli.doctor import Report

__all__ = ["app"]

app = typer.Typer(add_completion=False)

MARKS = {"good": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


@app.command("doctor")
def doctor_command(
    context: typer.Context,
    json: Annotated[
        bool, typer.Option("--json", help="Print the findings (JSON) on stdout, nothing else.")
    ] = False,
    offline: OfflineOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Find out whether this machine is ready.

    Looks at versions, devices, folders, free space and the network, and trains for two seconds.
    What is wrong comes with its remedy and makes the exit code 1; a warning does not.
    """
    screen = screen_of(context)
    screen.capture_libraries()
    from nncli.doctor import examine

    report = examine(reporter=reporter_for(screen))
    if json:
        screen.out.file.write(report.to_json())
    else:
        _show(screen, report)
    if not report.ok:
        raise typer.Exit(1)


def _show(screen: Screen, report: Report) -> None:
    """One line a finding, long ones whole, to be copied; of a quiet command, failures only."""
    from rich.text import Text

    width = max(len(finding.name) for finding in report.findings)
    for finding in report.graded("fail") if screen.quiet else report.findings:
        mark, style = MARKS[finding.grade]
        line = Text.assemble((f"{mark:<4}", style), f"  {finding.name:<{width}}  {finding.message}")
        for part in (finding.remedy or "").splitlines():
            line.append(f"\n{'':6}{part}", style="bold")
        screen.out.print(line, soft_wrap=True)
    if not screen.quiet:
        screen.out.print(Text(f"\n{_summary(screen, report)}"), soft_wrap=True)


def _summary(screen: Screen, report: Report) -> str:
    problems, warnings = len(report.graded("fail")), len(report.graded("warn"))
    if problems:
        log = f"\nWhat the libraries said is in {screen.log_path}" if screen.log_path else ""
        return f"{problems} {'problem' if problems == 1 else 'problems'}, see FAIL above.{log}"
    if warnings:
        return f"This machine is ready; {warnings} {'warning' if warnings == 1 else 'warnings'}."
    return "This machine is ready."

"""A `Reporter` for people: live bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from nncli.cli._console import Screen
from nncli.cli._numbers import shown
from nncli.reporting import FitPlan, Reporter, SilentReporter, Task, counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["reporter_for"]

SPLITS = ("train", "validation")
EPOCH_WIDTH, TIME_WIDTH = 9, 10
# What the table may fill where nobody says how wide the screen is.
NARROWEST = 80


def reporter_for(screen: Screen) -> Reporter:
    """The reporter that suits a screen."""
    if screen.quiet:
        return QuietReporter(screen)
    return LiveReporter(screen) if screen.err.is_terminal else PlainReporter(screen)


class QuietReporter(SilentReporter):
    """Moves the log and is silent otherwise."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def run_started(self, folder: Path, log: Path) -> None:
        self.screen.log_to(log)


class PlainReporter(QuietReporter):
    """One line an epoch, no control characters."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.plan: FitPlan | None = None
        self.columns: list[str] = []
        self.said: set[str] = set()

    def _is_new(self, message: str) -> bool:
        """Whether it was not said before: each fold reads the same data, with the same to say."""
        new = message not in self.said
        self.said.add(message)
        return new

    def notice(self, message: str) -> None:
        if self._is_new(message):
            self.screen.say(message)

    def warning(self, message: str) -> None:
        if self._is_new(message):
            self.screen.say(message, mark="warning", style="bold yellow")

    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> AbstractContextManager[Task]:
        if unit:  # countable work takes long; the rest is over before it is read
            amount = f" ({_amount(total, unit)})" if total else ""
            self.screen.err.print(Text(f"{description}{amount}"), soft_wrap=True)
        return super().task(description, total=total, unit=unit)

    def fit_started(self, plan: FitPlan) -> None:
        self.plan, self.columns = plan, []
        epochs = counted(plan.epochs, "epoch")
        steps = counted(plan.steps_per_epoch, "step")
        text = f"Training on {plan.examples:,} examples: {epochs} of {steps}"
        if plan.resumed_at:
            epoch, step = plan.resumed_at
            done = "all of them done before" if epoch >= plan.epochs else ""
            text += f", {done or f'going on in epoch {epoch + 1} after step {step:,}'}"
        self.screen.err.print(Text(text), soft_wrap=True)

    def epoch_ended(self, epoch: int, values: Mapping[str, float | None]) -> None:
        assert self.plan is not None
        if not self.columns:
            err = self.screen.err
            width = max(err.width, NARROWEST) if err.is_terminal else NARROWEST
            self.columns = _columns_that_fit(values, width, self.plan.monitor)
            hidden = [n for n in values if n.startswith("train_") and n not in self.columns]
            if hidden:
                names = ", ".join(name.partition("_")[2] for name in hidden)
                err.print(Text(f"In history.csv alone: {names}", style="dim"), soft_wrap=True)
            for line in _heading(self.columns):
                err.print(Text(line, style="dim"), soft_wrap=True)
        row = _row(epoch, self.plan.epochs, values, self.columns)
        self.screen.err.print(Text(row), soft_wrap=True)


class LiveReporter(PlainReporter):
    """Bars that move while work goes on, and a line that stays for every epoch."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.bar: Progress | None = None
        self.bar_task: TaskID | None = None
        self.epoch = 0

    @contextmanager
    def task(
        self, description: str, *, total: float | None = None, unit: str = ""
    ) -> Iterator[Task]:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
        if unit:
            columns += [
                BarColumn(bar_width=20),
                TextColumn("{task.fields[counted]}"),
                TimeElapsedColumn(),
            ]
        with Progress(*columns, console=self.screen.err, transient=True) as progress:
            identifier = progress.add_task(description, total=total, counted="")
            yield _LiveTask(progress, identifier, unit)

    def fit_started(self, plan: FitPlan) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        super().fit_started(plan)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[step]}"),
            TextColumn("{task.fields[values]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=self.screen.err,
            transient=True,
        )
        self.bar_task = self.bar.add_task(
            f"epoch {min(plan.complete_epochs + 1, plan.epochs)}/{plan.epochs}",
            total=plan.epochs * plan.steps_per_epoch,
            completed=plan.complete_epochs * plan.steps_per_epoch,
            step="compiling",
            values="",
        )
        self.bar.start()

    def epoch_started(self, epoch: int) -> None:
        self.epoch = epoch
        if self.bar and self.bar_task is not None and self.plan:
            self.bar.update(self.bar_task, description=f"epoch {epoch}/{self.plan.epochs}")

    def step_ended(self, step: int, values: Mapping[str, float]) -> None:
        if self.bar is None or self.bar_task is None or self.plan is None:
            return
        step = min(step, self.plan.steps_per_epoch)
        done = (self.epoch - 1) * self.plan.steps_per_epoch + step
        speed = self.bar.tasks[0].speed
        rate = f" {speed * self.plan.batch_size:,.0f}/s" if speed else ""
        latest = [(name.removeprefix("train_"), value) for name, value in values.items()]
        self.bar.update(
            self.bar_task,
            completed=done,
            step=f"{step}/{self.plan.steps_per_epoch}{rate}",
            values=" ".join(f"{name} {shown(value)}" for name, value in latest),
        )

    def fit_ended(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


class _LiveTask:
    def __init__(self, progress: Progress, identifier: TaskID, unit: str) -> None:
        self.progress, self.identifier, self.unit = progress, identifier, unit

    def advance(self, amount: float = 1) -> None:
        self.progress.advance(self.identifier, amount)
        self._count()

    def update(self, *, completed: float | None = None, total: float | None = None) -> None:
        self.progress.update(self.identifier, completed=completed, total=total)
        self._count()

    def _count(self) -> None:
        task = self.progress.tasks[0]
        amount = _amount(task.completed, self.unit)
        whole = f" of {_amount(task.total, self.unit)}" if task.total else ""
        self.progress.update(self.identifier, counted=f"{amount}{whole}")


def _amount(number: float, unit: str) -> str:
    if unit == "bytes":
        return f"{number / 1e6:,.1f} MB"
    return counted(round(number), unit.removesuffix("s"))


def _columns_that_fit(values: Mapping[str, float | None], width: int, monitor: str) -> list[str]:
    """The columns of the metrics for which there is room, with those of their validation: first
    the loss, then what chooses the kept epoch."""
    left = width - EPOCH_WIDTH - TIME_WIDTH
    found: dict[str, list[str]] = {split: [] for split in SPLITS}
    names = [name.partition("_")[2] for name in values if name.startswith("train_")]
    watched = monitor.partition("_")[2]
    for name in sorted(names, key=lambda name: (name != "loss", name != watched)):
        columns = {split: f"{split}_{name}" for split in SPLITS if f"{split}_{name}" in values}
        left -= len(columns) * _width(name)
        if left < 0:
            break
        for split, column in columns.items():
            found[split].append(column)
    return [column for split in SPLITS for column in found[split]]


def _width(metric: str) -> int:
    return max(10, len(metric) + 2)


def _heading(columns: Sequence[str]) -> list[str]:
    above, below = " " * EPOCH_WIDTH, f"{'epoch':>{EPOCH_WIDTH}}"
    for split in SPLITS:
        names = [name.removeprefix(f"{split}_") for name in columns if name.startswith(split)]
        if not names:  # no validation data
            continue
        cells = "".join(f"{name:>{_width(name)}}" for name in names)
        above += f"{split:>{len(cells)}}"
        below += cells
    return [above, f"{below}{'time':>{TIME_WIDTH}}"]


def _row(
    epoch: int, epochs: int, values: Mapping[str, float | None], columns: Sequence[str]
) -> str:
    row = f"{f'{epoch}/{epochs}':>{EPOCH_WIDTH}}"
    for column in columns:
        row += f"{shown(values[column]):>{_width(column.partition('_')[2])}}"
    seconds = values.get("seconds") or 0.0
    return f"{row}{f'{seconds:.1f} s':>{TIME_WIDTH}}"

"""What people see: results on stdout, everything else on stderr, the libraries in a log file."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from nncli.errors import NncliError

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Screen", "cut", "in_lines", "padded", "plain_table", "visible"]

MAXIMUM_LOG_BYTES = 1_000_000
# Where a sentence ends in what is to be typed.
COMMAND = re.compile(r"(?<=[:,.?]) (?=(?:--[a-z]|nncli |pip install ))")


def plain_table(first: str, *numbers: str) -> Table:
    """An empty table without lines: a column of words and, to the right, columns of numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


class PatientConsole(Console):
    """A console whose reader may go away: the work goes on, and nothing more is shown.

    Rich would end the process, in the middle of a training.
    """

    def on_broken_pipe(self) -> None:
        self.quiet = True
        self.file = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (until the process ends)


class Screen:
    """The two consoles of a command, and the capture that keeps libraries off them.

    `capture_libraries` sends file descriptors 1 and 2 to a log file, for TensorFlow writes to
    them from C++ and before any of its settings are read; the consoles keep the real ones.
    """

    def __init__(self, *, release: bool) -> None:
        """`release`: give the descriptors back at the end. A process that ends anyway keeps them
        captured, for libraries also write while Python shuts down."""
        self.release = release
        self.out = PatientConsole(file=sys.stdout, highlight=False)
        self.err = PatientConsole(file=sys.stderr, highlight=False)
        self.quiet = False
        self.debug = False
        self._real: tuple[TextIO, TextIO, int, int] | None = None
        self._log: IO[str] | None = None
        self._log_began = 0

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *details: object) -> None:
        self.out.file.flush()
        self.err.file.flush()
        if self.release:
            self._release()

    def capture_libraries(self) -> None:
        """From now on only `out` and `err` reach the screen."""
        if self._real is not None:
            return
        self._real = (sys.stdout, sys.stderr, os.dup(1), os.dup(2))
        self.out = PatientConsole(file=_kept(sys.stdout, 1, self._real[2]), highlight=False)
        self.err = PatientConsole(file=_kept(sys.stderr, 2, self._real[3]), highlight=False)
        self._send_to(_open_log())

    def log_to(self, path: Path) -> None:
        """Move the capture to `path`, with what was captured so far."""
        if self._real is None or self._log is None:
            return
        sys.stdout.flush()
        sys.stderr.flush()
        captured = ""
        if self._log.name != os.devnull:
            with Path(self._log.name).open(encoding="utf-8", errors="replace") as log:
                log.seek(self._log_began)
                captured = log.read()
        target = path.open("a", encoding="utf-8", errors="replace")
        target.write(captured)
        target.flush()
        self._send_to(target)

    @property
    def log_path(self) -> Path | None:
        """Where the libraries' output is, if it is captured."""
        return None if self._log is None else Path(self._log.name)

    def error(self, error: NncliError | str, hint: str | None = None) -> None:
        """Show what went wrong and the way out."""
        message = error if isinstance(error, str) else error.message
        hint = hint if isinstance(error, str) else error.hint
        self.say(message, mark="error", style="bold red", hint=hint or "")

    def say(self, message: str, *, mark: str = "", style: str = "", hint: str = "") -> None:
        """Show a message on standard error, broken between words on a terminal; elsewhere, where
        others read it, its lines stay whole.

        Args:
            message: of any number of lines.
            mark: the word in front of it, in `style`.
            style: of rich.
            hint: what can be done, indented below.
        """
        width = self.err.width if self.err.is_terminal else None
        whole = visible(f"{mark}: {message}" if mark else message)
        text = Text("\n".join(p for line in whole.splitlines() for p in in_lines(line, width)))
        if mark:
            text.stylize(style, 0, len(mark) + 1)
        for line in visible(hint).splitlines():
            for part in in_lines(line, width and width - 2):
                text.append(f"\n  {part}", style="dim")
        self.err.print(text, soft_wrap=True)

    def problem(self, text: str) -> None:
        """Show one located mistake as it is, for tools that read `file:line:column`."""
        self.err.print(Text(visible(text)), soft_wrap=True)

    def _send_to(self, log: IO[str]) -> None:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout = sys.stderr = log
        if self._log is not None:
            self._log.close()
        self._log = log
        self._log_began = log.tell() if log.name != os.devnull else 0

    def _release(self) -> None:
        if self._real is None or self._log is None:
            return
        self._log.flush()
        stdout, stderr, out, err = self._real
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(out)
        os.close(err)
        sys.stdout, sys.stderr = stdout, stderr
        self._log.close()
        self._real = self._log = None
        self.out = PatientConsole(file=stdout, highlight=False)
        self.err = PatientConsole(file=stderr, highlight=False)


def visible(text: str) -> str:
    """`text` with control characters escaped: a file must not be able to steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def cut(text: str, room: int) -> str:
    """`text` in one line of at most `room` cells of the terminal: some letters take two."""
    plain = visible(" ".join(text.split()))
    if cell_len(plain) <= room:
        return plain
    return f"{set_cell_size(plain, max(room - 1, 1)).rstrip()}…"


def padded(text: str, room: int) -> str:
    """The same in exactly `room` cells."""
    return set_cell_size(cut(text, room), room)


def in_lines(text: str, width: int | None) -> list[str]:
    """A line of text in lines of at most `width` cells, None for any, broken between words.

    What is to be typed stands on a line of its own and is never broken, to be copied; nor is a
    word that is longer, such as a path.
    """
    if width is None or cell_len(text) <= width:
        return [text]
    if text.startswith(("--", "nncli ", "pip install ")):
        return [text]
    found = COMMAND.search(text)
    if found:
        return [*in_lines(text[: found.start()], width), text[found.end() :]]
    body = text.lstrip(" ")
    indent = text[: len(text) - len(body)]
    first, *words = body.split(" ")
    lines = [indent + first]
    for word in words:
        if cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return lines


def _kept(stream: TextIO, descriptor: int, duplicate: int) -> IO[str]:
    """`stream` itself, or where it writes to `descriptor`, a stream that goes on doing so."""
    try:
        redirected = stream.fileno() == descriptor
    except (OSError, io.UnsupportedOperation, AttributeError):
        redirected = False
    if not redirected:
        return stream
    stream.flush()
    settings: dict[str, Any] = {"encoding": stream.encoding, "errors": stream.errors}
    kept: IO[str] = open(  # noqa: SIM115 (open as long as the screen is)
        duplicate, "w", buffering=1, closefd=False, **settings
    )
    return kept


def _open_log() -> IO[str]:
    """The log of commands without a run folder; nothing is kept where it cannot be written."""
    from nncli.files import state_folder

    try:
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "log.txt"
        full = path.exists() and path.stat().st_size > MAXIMUM_LOG_BYTES
        log = path.open("w" if full else "a", encoding="utf-8", errors="replace")
        log.seek(0, os.SEEK_END)
        return log
    except OSError:
        return open(os.devnull, "w", encoding="utf-8")

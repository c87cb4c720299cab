"""The `nncli` application: its commands, and what happens when one fails."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
import typer.main
from typer.core import TyperGroup
from typer.exceptions import TyperException

from nncli.cli import _signals
from nncli.cli._console import Screen, visible
from nncli.errors import InterruptedRunError, NncliError, Terminated

__all__ = ["app", "main", "run"]

# Name of the module in this folder, and the first line of its help: `nncli --help` shows these and
# imports none of them. A test compares the lines with the docstrings.
COMMANDS = {
    "train": "Train a model and leave it, with its metrics, in a run folder.",
    "evaluate": "Measure a trained model on its own dataset or on another.",
    "predict": "Ask a trained model about files, rows and texts.",
    "model": "See what networks there are, and what one is made of.",
    "data": "Find, look at, check and prepare data.",
    "config": "Write and understand experiments.",
    "runs": "Look back at runs.",
    "doctor": "Find out whether this machine is ready.",
}

# What Click says of words that no argument takes.
EXTRA_ARGUMENTS = r"Got unexpected extra arguments?\(?s?\)? ?\((.+)\)"
CTRL_C = 130  # exit code
# A training that has a run folder says itself how it goes on.
BEFORE_THE_RUN = "The training had not begun: give the same command again."


class LazyGroup(TyperGroup):
    """Imports a command when it is called, and not to list it; explains interruptions, of which
    Typer would make 130, of SIGTERM too, and say nothing."""

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        try:
            return super().make_context(*arguments, **settings)
        except KeyboardInterrupt as stop:
            raise _interrupted(stop) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            hint = BEFORE_THE_RUN if ctx.invoked_subcommand == "train" else None
            raise _interrupted(stop, hint) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] in COMMANDS:
            self.commands[args[0]] = _command(args[0])
        return super().resolve_command(ctx, args)


def _interrupted(stop: KeyboardInterrupt, hint: str | None = None) -> InterruptedRunError:
    """What Ctrl-C or SIGTERM is to people and to the shell."""
    if isinstance(stop, Terminated):
        return InterruptedRunError("Stopped by SIGTERM.", exit_code=143, hint=hint)
    return InterruptedRunError("Stopped by Ctrl-C.", exit_code=CTRL_C, hint=hint)


def _command(name: str) -> Any:
    """The command or group of commands in the module `name`."""
    return typer.main.get_command(import_module(f"nncli.cli.{name}").app)


def _stand_in() -> None:
    pass


app = typer.Typer(
    cls=LazyGroup,
    name="nncli",
    help="From data to a trained and evaluated Keras model, described in one YAML file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _line in COMMANDS.items():
    app.command(_name, help=_line)(_stand_in)


def _show_versions(value: bool) -> None:
    if not value:
        return
    from nncli.backend import library_versions

    shown = ("nncli", "tensorflow", "keras", "tensorflow-datasets")
    versions = library_versions()
    typer.echo("\n".join(f"{name} {versions[name]}" for name in shown if name in versions))
    raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_versions, is_eager=True, help="Show versions and exit."
        ),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: what stands behind `nncli`; default: this process's own.
    """
    command = list(sys.argv[1:] if arguments is None else arguments)
    before = _raise_on_sigterm()
    _open_closed_streams()
    with Screen(release=arguments is not None) as screen:
        try:
            code = app(args=command, prog_name="nncli", standalone_mode=False, obj=screen)
            screen.out.file.flush()
            return int(code or 0)
        except BaseException as error:  # the one place where errors become exit codes
            return _explained(error, screen)
        finally:
            if before is not None:
                signal.signal(signal.SIGTERM, before)


def run() -> NoReturn:
    """The `nncli` of the shell: run one command and end the process.

    Where TensorFlow or JAX was loaded, the process ends at once, without a second of taking them
    down; where Arrow was, because a thread of it that still reads ahead would abort a process that
    takes down Python; after Ctrl-C, because Python then remembers an interruption that fell into
    its `exec` and dies of the signal instead. All files are closed by then, the streams are
    flushed here, and what others asked to be done at exit is done (AutoGraph's removes its
    temporary files; a hundredth of what is spared).
    """
    _signals.leave_at_the_second()
    code = main()
    if code == CTRL_C or {"tensorflow", "jax", "pyarrow"} & sys.modules.keys():
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads any more
                stream.flush()
        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def _explained(error: BaseException, screen: Screen) -> int:
    """Say what went wrong; the exit code of `error`."""
    if isinstance(error, BrokenPipeError):
        _discard_stdout()
        return 1
    if screen.debug:
        trace = visible("".join(traceback.format_exception(error)))
        screen.err.print(trace, markup=False, soft_wrap=True)
    if isinstance(error, typer.Abort):  # what a question makes of Ctrl-C, and of its end
        error = KeyboardInterrupt()
    if isinstance(error, KeyboardInterrupt):
        error = _interrupted(error)
    elif stop := _stop_within(error):
        error = _interrupted(stop)
    match error:
        case NncliError():
            screen.error(error)
            return error.exit_code
        case TyperException():
            context = getattr(error, "ctx", None)
            path = context.command_path if context is not None else "nncli"
            message = error.format_message().replace("Value error, ", "")
            if message:
                screen.error(_in_words(message), f"{_config_hint(message)}See: {path} --help")
            return error.exit_code
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case OSError() if error.errno in (errno.ENOSPC, errno.EIO):
            screen.error(f"Cannot write the results: {error.strerror}.", "Was it a full disk?")
            return 1
        case MemoryError():
            screen.error("There is not enough memory.", "Try a smaller --batch-size or model.")
            return 1
        case _:
            log = f" What the libraries said is in {screen.log_path}." if screen.log_path else ""
            reason = " ".join(str(error).split())[:300]
            screen.error(
                f"{type(error).__name__}: {reason}" if reason else type(error).__name__,
                f"nncli did not foresee this. Add --debug for the traceback.{log}",
            )
            return 1


def _stop_within(error: BaseException) -> KeyboardInterrupt | None:
    """Ctrl-C or SIGTERM of which a library made another error, as pybind11 does, which names what
    it replaced."""
    if type(error) is RuntimeError:
        for stop in (Terminated, KeyboardInterrupt):
            if stop.__name__ in str(error):
                return stop()
    return None


def _in_words(message: str) -> str:
    """A message of Click: its list of possible options as a question, no optional plurals."""
    if extra := re.fullmatch(EXTRA_ARGUMENTS, message, re.DOTALL):
        return f"Unexpected argument{'s' * (' ' in extra[1])}: {extra[1]}"
    before, found, options = message.partition(" (Possible options: ")
    return f"{before}; did you mean {options.removesuffix(')')}?" if found else message


def _config_hint(message: str) -> str:
    """What somebody meant who names an experiment without `-c`."""
    found = re.fullmatch(EXTRA_ARGUMENTS, message, re.DOTALL)
    is_one_file = found is not None and re.fullmatch(r"\S+\.ya?ml", found[1])
    return f"Did you mean -c {found[1]}?\n" if found and is_one_file else ""


def _raise_on_sigterm() -> Any:
    """Let SIGTERM unwind the stack as Ctrl-C does; the handler before, None if not installed."""

    def terminate(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    try:
        return signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        return None  # not in the main thread: signals are somebody else's


def _open_closed_streams() -> None:
    """Give a process that was started without stdin, stdout or stderr an empty one."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor: this one
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def _discard_stdout() -> None:
    """The reader of a pipe is gone: what is still buffered for it has nowhere to go."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)

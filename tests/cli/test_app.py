"""What all commands share."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nncli.cli import _signals
from nncli.cli.app import COMMANDS


def test_listed_help_is_the_commands_own() -> None:
    for name, line in COMMANDS.items():
        module = importlib.import_module(f"nncli.cli.{name}")
        if module.app.registered_callback is None:
            documentation = module.app.registered_commands[0].callback.__doc__
        else:
            documentation = module.app.info.help
        assert documentation.strip().splitlines()[0] == line


def test_version_names_the_libraries(run_cli: Any) -> None:
    result = run_cli(["--version"])
    assert result.exit_code == 0
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert names == ["nncli", "tensorflow", "keras", "tensorflow-datasets"]


def test_unknown_command_suggests_the_nearest(run_cli: Any) -> None:
    result = run_cli(["trian"])
    assert result.exit_code == 2
    assert "Did you mean 'train'?" in result.stderr


@pytest.mark.parametrize(
    "command", [[], ["train"], ["evaluate"], ["data", "prepare"], ["model", "show"], ["doctor"]]
)
def test_every_command_has_help_at_80_columns(
    run_cli: Any, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = run_cli([*command, "--help"])
    assert result.exit_code == 0
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    options = [line for line in result.stdout.splitlines() if " --" in line]
    assert options and all(line.rstrip(" │")[-1] not in ">" for line in options)


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m nncli train --help | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, env=os.environ
    )
    assert "Traceback" not in done.stderr and "Error" not in done.stderr


def test_brackets_in_a_description_are_text_and_no_markup(run_cli: Any) -> None:
    assert "'nncli[jax]'" in run_cli(["train", "--help"]).stdout


@pytest.mark.parametrize("library", ["tensorflow", "jax", "pyarrow"])
def test_a_process_with_threads_of_a_library_is_not_taken_down_bit_by_bit(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """A thread of Arrow that still reads ahead aborts it then, now and again."""
    app = importlib.import_module("nncli.cli.app")
    ended: list[int | str] = []
    for name in ("tensorflow", "jax", "pyarrow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, library, ModuleType(library))
    monkeypatch.setattr(app, "main", lambda: 3)
    # It would end the process of the tests at the second signal of those that send some.
    monkeypatch.setattr(_signals, "leave_at_the_second", lambda: None)
    monkeypatch.setattr(app.atexit, "_run_exitfuncs", lambda: ended.append("what others asked"))
    monkeypatch.setattr(app.os, "_exit", ended.append)
    with pytest.raises(SystemExit):  # which it goes on to, as nothing ended it
        app.run()
    assert ended == ["what others asked", 3]


def test_nothing_is_left_in_the_folder_for_temporary_files(tmp_path: Path) -> None:
    """AutoGraph puts there what it rewrites, and removes it at exit."""
    code = (
        "import sys\nfrom tensorflow.python.autograph.pyct import loader\n"
        "loader.load_source('1 + 1', delete_on_exit=True)\n"
        "from nncli.cli import app\napp.main = lambda: 0\napp.run()"
    )
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    assert not list(folder.iterdir())


def test_a_word_too_many_is_named(run_cli: Any) -> None:
    result = run_cli(["data", "list", "mnist", "fashion", "more"])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[0] == "error: Unexpected arguments: fashion more"


def test_optional_arguments_stand_in_one_pair_of_brackets(run_cli: Any) -> None:
    for command in (["data", "list"], ["data", "show"], ["data", "check"]):
        usage = run_cli([*command, "--help"]).stdout
        assert "[OPTIONS] [" in usage and "[[" not in usage


@pytest.mark.parametrize("module", ["typer.core", "rich.console", "nncli.cli.data", "nncli.config"])
@pytest.mark.parametrize("inside_exec", [False, True])
def test_ctrl_c_while_nncli_itself_is_imported_is_one_sentence(
    module: str, inside_exec: bool, tmp_path: Path
) -> None:
    """Presses Ctrl-C where a module is looked for: each is a moment of the first half second."""
    press = "os.kill(os.getpid(), signal.SIGINT); time.sleep(1)"
    stand_in = (
        "import os, signal, sys, time\n"
        "class Press:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        f"            {f'exec({press!r})' if inside_exec else press}\n"
        "sys.meta_path.insert(0, Press())\n"
        "from nncli.cli import run\n"
        "sys.argv = ['nncli', 'data', 'show', 'digits']\n"
        "run()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", stand_in], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "error: Stopped by Ctrl-C.\n"


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        ("MISMATCH: ORIGINAL KeyboardInterrupt REPLACED BY SystemError", 130, "Stopped by Ctrl-C."),
        ("MISMATCH: ORIGINAL Terminated REPLACED BY SystemError", 143, "Stopped by SIGTERM."),
        ("something else", 1, "RuntimeError: something else"),
    ],
)
def test_a_stop_that_a_library_made_another_error_of_is_a_stop(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch, said: str, code: int, message: str
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise RuntimeError(said)

    monkeypatch.setattr("nncli.runs.selecting.selected", failing)
    result = run_cli(["runs", "list"])
    assert result.exit_code == code
    assert f"error: {message}" in result.stderr

"""The run folder."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nncli import runs
from nncli.config import Experiment, load_experiment
from nncli.data import DigitsDataset
from nncli.errors import NotFoundError, StorageError, UsageError
from nncli.runs import RunFolder

NOBODY = 65534


@contextmanager
def as_somebody_without_rights() -> Iterator[None]:
    """Give root's rights up for a while; anybody else has none to give up."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """A folder that can be seen but not written, with one inside that cannot even be seen."""
    folder = Path(tempfile.mkdtemp(prefix="nncli-test-"))
    (folder / "secret").mkdir()
    (folder / "secret").chmod(0o000)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    (folder / "secret").chmod(0o755)
    shutil.rmtree(folder)


def test_what_a_killed_training_was_writing_goes_with_the_next_one(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    left = [tmp_path / ".model.12-0123abcd.keras", folder.checkpoints / ".epoch-1.12-0123abcd.npz"]
    others = [tmp_path / ".about.12-0123abcd.json", folder.checkpoints / "epoch-1.npz"]
    for path in (*left, *others):
        path.touch()
    with folder.locked():
        assert not any(path.exists() for path in left)
        assert all(path.exists() for path in others)


def test_numbers_grow() -> None:
    paths = [runs.create(Path("runs"), name).path for name in ("a", "b", "a")]
    assert [path.name for path in paths] == ["1-a", "2-b", "3-a"]
    assert all(path.is_dir() and path.parent == Path("runs") for path in paths)


def test_a_number_is_never_used_again_while_a_later_one_is_there() -> None:
    for name in ("1-a", "10-b", "007-c", "notes", "x-3", "9"):
        (Path("runs") / name).mkdir(parents=True)
    (Path("runs") / "12-file").touch()
    assert runs.create(Path("runs"), "d").path.name == "13-d"


def test_nothing_is_overwritten() -> None:
    first = runs.create(Path("runs"), "a")
    (first.path / "mine.txt").write_text("mine")
    runs.create(Path("runs"), "a")
    assert (first.path / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in Path("runs").glob("[0-9]*")) == ["1-a", "2-a"]


def test_several_processes_get_folders_of_their_own() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom nncli import runs\n"
        "sys.stdin.read()\n"  # all begin at once
        "for _ in range(20): print(runs.create(Path('runs'), 'a').path.name)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    names = [name for process in processes for name in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(names, key=lambda name: int(name[:-2])) == [f"{n}-a" for n in range(1, 81)]


def test_run_dir_is_taken_exactly() -> None:
    folder = runs.create(Path("runs"), "a", run_dir=Path("there/exactly"))
    assert folder.path == Path("there/exactly")
    assert folder.path.is_dir()
    assert not Path("runs").exists()


def test_an_empty_run_dir_may_exist() -> None:
    Path("here").mkdir()
    assert runs.create(Path("runs"), "a", run_dir=Path("here")).path == Path("here")


@pytest.mark.parametrize("make", [True, False])
def test_a_run_dir_with_something_in_it_is_refused(make: bool) -> None:
    Path("here").mkdir()
    (Path("here") / "mine.txt").write_text("mine")
    with pytest.raises(UsageError) as caught:
        if make:
            runs.create(Path("runs"), "a", run_dir=Path("here"))
        else:
            runs.check_place(Path("runs"), Path("here"))
    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        "The run folder here exists and is not empty.\n"
        "Runs are never overwritten: name another folder, or remove this one."
    )


@pytest.mark.parametrize("place", ["file", "file/runs"])
def test_a_file_in_the_way_is_found_out_before_any_work(place: str) -> None:
    Path("file").touch()
    for arguments in ((Path(place), None), (Path("runs"), Path(place))):
        with pytest.raises(StorageError, match=f"Cannot write {place}: .*file is a file"):
            runs.check_place(*arguments)
    with pytest.raises(StorageError, match="Cannot write"):
        runs.create(Path(place), "a")


def test_looking_for_a_place_makes_nothing() -> None:
    runs.check_place(Path("a/b/runs"), None)
    runs.check_place(Path("runs"), Path("a/b"))
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("inside", ["runs", "deep/er/runs", "secret/runs"])
def test_a_place_without_permission_is_said(locked_folder: Path, inside: str) -> None:
    place = locked_folder / inside
    with as_somebody_without_rights():
        with pytest.raises(StorageError, match=r"not writable|Permission denied"):
            runs.check_place(place, None)
        with pytest.raises(StorageError, match=r"not writable|Permission denied"):
            runs.check_place(Path("runs"), place)
        with pytest.raises(StorageError, match="Permission denied"):
            runs.create(place, "a")


def test_the_config_repeats_the_run() -> None:
    folder = runs.create(Path("runs"), "a")
    experiment = Experiment(seed=3).resolved(DigitsDataset())
    folder.write_config(experiment, "0.1.0")
    assert load_experiment([folder.config]) == experiment
    first, second, *_ = folder.config.read_text().splitlines()
    assert first == "# The resolved experiment of this run (nncli 0.1.0)."
    assert second == "# Repeat it with: nncli train -c runs/1-a/config.yaml"


def test_the_history_is_a_row_an_epoch_and_a_missing_number_an_empty_cell() -> None:
    folder = runs.create(Path("runs"), "a")
    folder.write_history([{"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": None}])
    text = (folder.path / "history.csv").read_text()
    assert text == "epoch,train_loss\n1,0.5\n2,\n"
    assert list(csv.DictReader(text.splitlines()))[1] == {"epoch": "2", "train_loss": ""}


def test_the_environment_says_what_is_needed_to_repeat_the_run() -> None:
    folder = runs.create(Path("runs"), "a")
    folder.write_environment(["nncli", "train", "--epochs", "1"])
    document = json.loads((folder.path / "environment.json").read_text())
    assert document["schema"] == 1
    assert document["command"] == ["nncli", "train", "--epochs", "1"]
    assert document["folder"] == str(Path.cwd())
    assert document["cores"] >= 1
    assert "CPU" in document["devices"]
    assert document["git_commit"] is None  # the current folder is no git checkout
    import keras

    assert document["versions"]["keras"] == keras.__version__
    assert document["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_git_commit_is_recorded_with_a_mark_for_changes() -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def recorded() -> str | None:
        folder = RunFolder(Path("run"))
        folder.write_environment([])
        commit: str | None = json.loads((folder.path / "environment.json").read_text())[
            "git_commit"
        ]
        return commit

    git("init", "-q")
    Path("run").mkdir()
    Path("file").write_text("1")
    git("add", "file")
    git("commit", "-q", "-m", "first")
    commit = git("rev-parse", "HEAD")
    assert recorded() == commit
    Path("file").write_text("2")
    assert recorded() == f"{commit}+"


def test_the_lock_is_there_as_long_as_the_run_lives() -> None:
    folder = runs.create(Path("runs"), "a")
    with pytest.raises(KeyboardInterrupt), folder.locked():
        assert json.loads((folder.path / "lock").read_text())["pid"] == os.getpid()
        raise KeyboardInterrupt
    assert not (folder.path / "lock").exists()


def test_a_plot_has_a_folder_to_be_written_into() -> None:
    folder = runs.create(Path("runs"), "a")
    assert folder.plot("curves") == Path("runs/1-a/plots/curves.png")
    assert folder.plot("curves").parent.is_dir()


def test_a_run_folder_that_went_away_is_said() -> None:
    folder = runs.create(Path("runs"), "a")
    shutil.rmtree(folder.path)
    with pytest.raises(StorageError, match="Cannot write"):
        folder.write_history([{"epoch": 1}])
    with pytest.raises(StorageError, match="Cannot write"):
        folder.plot("curves")


@pytest.mark.parametrize(
    "named", ["latest", "2", "2-digits-mlp", "runs/2-digits-mlp", "digits-mlp"]
)
def test_a_run_is_found_by_what_people_call_it(named: str) -> None:
    for name in ("1-digits-mlp", "2-digits-mlp", "notes"):
        Path("runs", name).mkdir(parents=True)
    assert runs.find(Path("runs"), named).path == Path("runs/2-digits-mlp")


def test_the_latest_run_has_the_highest_number() -> None:
    for name in ("9-digits-mlp", "10-digits-mlp", "2-zebra"):
        Path("runs", name).mkdir(parents=True)
    assert runs.find(Path("runs"), "latest").path == Path("runs/10-digits-mlp")
    with pytest.raises(NotFoundError, match=r"There is no run 1\.") as error:
        runs.find(Path("runs"), "1")
    assert error.value.hint == "The newest is runs/10-digits-mlp (latest)."


def test_a_number_that_two_runs_have_names_neither() -> None:
    for name in ("1-a", "1-b", "2-c"):
        Path("runs", name).mkdir(parents=True)
    with pytest.raises(UsageError, match=r"The number 1 is that of 1-a and 1-b\."):
        runs.find(Path("runs"), "1")
    assert runs.find(Path("runs"), "1-a").path == Path("runs/1-a")
    assert runs.create(Path("runs"), "d").path == Path("runs/3-d")


def test_where_nobody_may_look_there_are_no_runs(locked_folder: Path) -> None:
    with as_somebody_without_rights():
        for named in ("1", "latest", str(locked_folder / "secret/1-a"), "x" * 300):
            with pytest.raises(NotFoundError, match="permission denied"):
                runs.find(locked_folder / "secret", named)


@pytest.mark.parametrize("named", ["digits", "3", ""])
def test_what_names_no_run_is_said(named: str) -> None:
    Path("runs", "2-digits-mlp").mkdir(parents=True)
    with pytest.raises(NotFoundError, match="There is no run"):
        runs.find(Path("runs"), named)

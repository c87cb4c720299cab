"""The tree of exceptions: its exit codes, and that its drawing is true."""

from __future__ import annotations

import re

import pytest

from nncli import errors
from nncli.errors import (
    DataError,
    DataUnavailableError,
    ExperimentError,
    InterruptedRunError,
    ModelFileError,
    NncliError,
    NotFoundError,
    StorageError,
    Terminated,
    TrainingError,
    UsageError,
)

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, NncliError)
]


def drawn() -> dict[str, tuple[str | None, set[int]]]:
    """The drawing in the docstring: name -> (name of the parent, exit codes)."""
    found: dict[str, tuple[str | None, set[int]]] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^([ │├└─]+)([A-Z]\w+) +(\d+(?:, \d+)*)  ?\S", line)
        if match is None:
            continue
        depth, name = len(match[1]), match[2]
        parent = above[depth - 4] if found else None
        above[depth] = name
        found[name] = (parent, {int(code) for code in match[3].split(", ")})
    return found


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (NncliError, 1),
        (UsageError, 2),
        (NotFoundError, 2),
        (DataError, 1),
        (DataUnavailableError, 1),
        (ModelFileError, 1),
        (StorageError, 1),
        (TrainingError, 1),
    ],
)
def test_exit_code(kind: type[NncliError], code: int) -> None:
    assert kind("it broke").exit_code == code


def test_exit_code_of_mistakes_in_an_experiment() -> None:
    assert ExperimentError(["a", "b"]).exit_code == 2


@pytest.mark.parametrize("code", [130, 143])
def test_exit_code_of_an_interruption_is_the_signals(code: int) -> None:
    assert InterruptedRunError("stopped", exit_code=code).exit_code == code


def test_the_drawing_has_every_class_below_its_parent() -> None:
    parents = {name: parent for name, (parent, _) in drawn().items()}
    assert parents == {
        kind.__name__: None if kind is NncliError else kind.__bases__[0].__name__
        for kind in CLASSES
    }


def test_the_drawing_has_the_exit_codes() -> None:
    codes = {name: codes for name, (_, codes) in drawn().items()}
    assert codes.pop("InterruptedRunError") == {130, 143}
    assert codes == {
        kind.__name__: {kind.exit_code} for kind in CLASSES if kind is not InterruptedRunError
    }


def test_text_has_the_hint_below_the_message() -> None:
    assert str(NncliError("it broke", hint="mend it")) == "it broke\nmend it"
    assert str(NncliError("it broke")) == "it broke"


def test_several_mistakes_are_counted_and_all_said() -> None:
    error = ExperimentError(["first", "second"])
    assert error.problems == ["first", "second"]
    assert str(error) == "2 mistakes:\nfirst\nsecond"
    assert str(ExperimentError(["only"])) == "only"


def test_sigterm_unwinds_like_ctrl_c_and_is_no_failure() -> None:
    assert issubclass(Terminated, KeyboardInterrupt)
    assert not issubclass(Terminated, Exception)

"""Gates: what a model must reach, such as `accuracy>=0.97` or `recall[seven]>=0.95`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from nncli.config.suggesting import nearest
from nncli.descriptions import Target, ValueTarget
from nncli.errors import UsageError
from nncli.inference.evaluated import Evaluation
from nncli.objectives.assessment import assessed_names
from nncli.reporting import listed

__all__ = ["Gate", "check_gates", "failures", "read_gate"]

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
PATTERN = re.compile(r"\s*(\w+)\s*(?:\[(.+)\])?\s*(>=|<=|==|>|<)\s*(\S+)\s*")
OF_A_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Gate:
    """One condition; `text` is as it was typed, `of` the class, if it is about one."""

    text: str
    metric: str
    of: str | None
    comparison: str
    bound: float

    def holds(self, value: float | None) -> bool:
        """Whether a metric passes; one that does not exist never does."""
        return value is not None and OPERATORS[self.comparison](value, self.bound)

    @property
    def name(self) -> str:
        """The metric, with its class."""
        return self.metric if self.of is None else f"{self.metric}[{self.of}]"


def read_gate(text: str) -> Gate:
    """Understand a condition.

    Raises:
        UsageError: it is none.
    """
    match = PATTERN.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        bound = float(match[4])
        if not isfinite(bound):
            raise ValueError
        return Gate(text.strip(), match[1], match[2], match[3], bound)
    except ValueError:
        raise UsageError(
            f"--require: must be a condition such as accuracy>=0.97 or 'recall[seven]>=0.95', not "
            f"{text!r}."
        ) from None


def check_gates(gates: Sequence[Gate], target: Target, metrics: Sequence[str] = ()) -> None:
    """Refuse conditions about what is not measured of `target`; `metrics` are those of training.

    Raises:
        UsageError: with the nearest name.
    """
    known = assessed_names(target, metrics)
    for gate in gates:
        if gate.of is None and gate.metric not in known:
            close = nearest(gate.metric, known)
            meant = f"Did you mean {close}? " if close else ""
            raise UsageError(
                f"--require: {gate.metric} is not measured of {target}.",
                hint=f"{meant}There are {listed(list(known))}.",
            )
        if gate.of is None:
            continue
        if isinstance(target, ValueTarget) or gate.metric not in OF_A_CLASS:
            raise UsageError(
                f"--require: {gate.name}: of a class there are {', '.join(OF_A_CLASS)}."
                if not isinstance(target, ValueTarget)
                else f"--require: {gate.name}: the model says {target}; there are no classes."
            )
        if gate.of not in target.names:
            close = nearest(gate.of, target.names)
            meant = f"Did you mean {close}? " if close else ""
            raise UsageError(
                f"--require: there is no class {gate.of!r}.",
                hint=f"{meant}The model knows {listed(list(target.names))}.",
            )


def failures(gates: Sequence[Gate], evaluation: Evaluation) -> list[tuple[Gate, float | None]]:
    """The conditions that are not met, and what was found instead."""
    values = {**evaluation.assessment.metrics, **evaluation.metrics}
    for one in evaluation.per_class or ():
        values |= {f"{name}[{one.name}]": getattr(one, name) for name in OF_A_CLASS}
    found = [(gate, values.get(gate.name)) for gate in gates]
    return [(gate, value) for gate, value in found if not gate.holds(value)]

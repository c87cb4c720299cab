"""What `training.batch_size: auto` means for a network, a machine and a number of examples."""

from __future__ import annotations

from typing import Any

from nncli import backend
from nncli.config.training import TrainingSettings
from nncli.reporting import Reporter
from nncli.training.memory import fitting_batch_size

__all__ = ["decided"]

SMALLEST, LARGEST = 16, 1024
# With the same rate, fewer changes of the weights in an epoch are less learned in it.
STEPS_AN_EPOCH = 50


def decided(
    settings: TrainingSettings, network: Any, examples: int, reporter: Reporter
) -> TrainingSettings:
    """`settings` with `batch_size` as a number.

    `auto` is the largest power of two that is at most `LARGEST`, leaves `STEPS_AN_EPOCH` steps to
    an epoch of `examples` (but is not below `SMALLEST` for that), and whose step fits into half of
    the memory. Nothing is timed, so that it is the same every time on the same machine.
    """
    if settings.batch_size != "auto":
        return settings
    wanted = min(max(_power_of_two(examples // STEPS_AN_EPOCH), SMALLEST), LARGEST)
    size = fitting_batch_size(network, _memory(), wanted + 1)
    if size < wanted:
        reason = "larger ones do not fit into half of the memory"
    elif size == LARGEST:
        reason = "the largest that auto takes"
    elif size == SMALLEST:
        reason = "the smallest that auto takes for few examples"
    else:
        reason = f"at least {STEPS_AN_EPOCH} steps an epoch"
    reporter.notice(f"training.batch_size: auto is {size:,} here ({reason}).")
    return settings.model_copy(update={"batch_size": size})


def _power_of_two(number: int) -> int:
    """The largest power of two that is at most `number`; 0 for 0."""
    return 1 << (number.bit_length() - 1) if number else 0


def _memory() -> int:
    """Bytes that a step may count on, where steps run."""
    own = backend.accelerator_memory_bytes() if backend.has_accelerator() else None
    return own or backend.memory_bytes()

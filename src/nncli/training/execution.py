"""How steps are run: what `auto` means for a network, a machine and the length of a run."""

from __future__ import annotations

from typing import Any

from nncli.backend import has_accelerator, usable_cores
from nncli.config.training import TrainingSettings
from nncli.errors import UsageError
from nncli.models.cost import flops

__all__ = ["decided"]

# One call should last about this long: the display stays alive, and Ctrl-C quick.
SECONDS_A_CALL = 0.2
MAXIMUM_STEPS = 512
# What a step costs beside its matrix products, and how many operations a core and an accelerator
# do in a second. Rough figures, from the two models in configs/ on two cores (docs/benchmarks.md).
OVERHEAD_SECONDS = 0.0005
OPERATIONS_A_CORE = 40e9
OPERATIONS_AN_ACCELERATOR = 4e12
# XLA's compilation takes a few seconds and makes steps about a quarter faster.
LONG_RUN_SECONDS = 20.0


def decided(settings: TrainingSettings, network: Any, steps_per_epoch: int) -> TrainingSettings:
    """`settings` with `steps_per_execution` and, where there is a choice, `jit_compile` decided.

    The decisions are estimates from the size of the network, and so the same every time.

    Raises:
        UsageError: XLA is wanted on TensorFlow, and cannot run a layer.
    """
    unable = _beyond_xla(network) if settings.backend == "tensorflow" else []
    if settings.jit_compile is True and unable:
        raise UsageError(
            f"training.jit_compile: XLA cannot run {', '.join(unable)} on TensorFlow.",
            hint="Leave training.jit_compile out, or those of dataset.augment.",
        )
    speed = usable_cores() * OPERATIONS_A_CORE
    if settings.device != "cpu" and has_accelerator():
        speed = OPERATIONS_AN_ACCELERATOR
    # A training step is a forward pass and a backward pass of twice its size.
    step_seconds = OVERHEAD_SECONDS + 3 * flops(network) * settings.examples_per_step / speed
    changes: dict[str, Any] = {}
    if settings.steps_per_execution == "auto":
        fitting = min(SECONDS_A_CALL / step_seconds, MAXIMUM_STEPS, steps_per_epoch)
        changes["steps_per_execution"] = max(int(fitting), 1)
    if settings.jit_compile == "auto" and _may_choose(settings):
        expected = settings.epochs * steps_per_epoch * step_seconds
        changes["jit_compile"] = expected > LONG_RUN_SECONDS and not unable
    return settings.model_copy(update=changes)


def _may_choose(settings: TrainingSettings) -> bool:
    """Deterministic operations rule XLA out on TensorFlow, and JAX always compiles."""
    return settings.backend == "tensorflow" and not settings.deterministic


def _beyond_xla(network: Any) -> list[str]:
    """The layers of `network` that say that XLA cannot run them: some that draw at random."""
    return [type(layer).__name__ for layer in network.layers if not layer.supports_jit]

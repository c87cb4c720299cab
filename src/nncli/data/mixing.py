"""Mixing training examples with others of their batch, inputs and targets alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, Target
from nncli.preprocessing.augmentation import Augmentation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Mixing", "mixed_classes", "mixing_of"]

# Tells the draws of mixing from those of the order, which has the same seed.
STREAM = 1


@dataclass(frozen=True)
class Mixing:
    """Mixup (Zhang and others, 2018) and CutMix (Yun and others, 2019), by seed, epoch and step.

    Attributes:
        mixup: alpha of the beta distribution that shares are drawn from; None: not done.
        cutmix: the same for the area that is pasted.
        seed: of the experiment.
        classes: how many there are, where targets are classes: they become shares of each.
    """

    mixup: float | None
    cutmix: float | None
    seed: int
    classes: int | None

    def __call__(
        self, inputs: NDArray[Any], others: tuple[NDArray[np.float32], ...], epoch: int, step: int
    ) -> tuple[NDArray[np.float32], ...]:
        """A batch that is mixed with itself in another order; where both are set one is drawn.

        Args:
            inputs: shape (n, ...); for CutMix (n, height, width, channels).
            others: targets as numbers, (n, classes, labels or values), and weights, (n,).
            epoch, step: of the batch, counted from 0.
        """
        import numpy as np

        generator = np.random.Generator(np.random.PCG64((self.seed, epoch, step, STREAM)))
        partner = generator.permutation(len(inputs))
        inputs = inputs.astype(np.float32)
        paste = self.cutmix is not None and (self.mixup is None or generator.random() < 0.5)
        alpha = self.cutmix if paste else self.mixup
        assert alpha is not None
        kept = generator.beta(alpha, alpha, len(inputs)).astype(np.float32)
        if paste:
            outside = _outside_boxes(generator, kept, inputs.shape[1:3])
            mask = outside[..., None].astype(np.float32)
            kept = outside.mean(axis=(1, 2), dtype=np.float32)  # a box may be cut by the edge
        else:
            mask = _along(kept, inputs)
        mixed = mask * inputs + (1 - mask) * inputs[partner]
        return mixed, *(_along(kept, o) * o + _along(1 - kept, o) * o[partner] for o in others)


def mixing_of(settings: Augmentation | None, seed: int, target: Target) -> Mixing | None:
    """What `settings` want mixed; None for nothing."""
    if settings is None or (settings.mixup is None and settings.cutmix is None):
        return None
    classes = len(target.names) if isinstance(target, ClassTarget) else None
    return Mixing(settings.mixup, settings.cutmix, seed, classes)


def mixed_classes(mixing: Mixing | None) -> int | None:
    """How many classes the shares are learned of; None where targets are what they were."""
    return mixing.classes if mixing else None


def _along(shares: NDArray[np.float32], values: NDArray[Any]) -> NDArray[np.float32]:
    """A share for each example, shaped to be multiplied with `values`."""
    return shares.reshape(-1, *[1] * (values.ndim - 1))


def _outside_boxes(
    generator: np.random.Generator, kept: NDArray[np.float32], sides: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Where each example stays as it is, shape (n, height, width): outside a box of `1 - kept` of
    the area, its centre anywhere."""
    import numpy as np

    inside = np.ones((len(kept), *sides), bool)
    for axis, length in enumerate(sides):
        half = length * np.sqrt(1 - kept) / 2
        centre = generator.random(len(kept)) * length
        place = np.arange(length) + 0.5
        within = np.abs(place[None] - centre[:, None]) < half[:, None]
        inside &= within[:, :, None] if axis == 0 else within[:, None, :]
    return ~inside

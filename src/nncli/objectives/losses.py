"""Losses: settings by their names, and the formula of each.

A formula is written once, for arrays of `keras.ops` in a training and of NumPy in an evaluation:
the two say the same about the same weights.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.settings import Settings

__all__ = [
    "BinaryCrossEntropy",
    "BinaryFocal",
    "CrossEntropy",
    "Focal",
    "Huber",
    "LogCosh",
    "LossSettings",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Quantile",
    "default_loss",
    "expand",
    "fitting",
    "loss_types",
]

SMOOTHING = (
    "Share of the truth that is spread evenly over all {}: more is less sure of itself, and "
    "less harmed by wrong labels; often 0.1."
)
GAMMA = "How little examples count that are right already; 0 is {}."
# Keeps the slope of a power finite where an answer is certain.
TINY = 1e-7


class CrossEntropy(Settings):
    """Minus the logarithm of the probability of the true class; the default for classes."""

    kind: ClassVar[str] = "class"
    type: Literal["crossentropy"] = Field(default="crossentropy", description="Cross-entropy.")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description=SMOOTHING.format("classes"))

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example: `truth` shares, `said` logarithms of probabilities."""
        smooth = self.label_smoothing / truth.shape[-1]
        return -xp.sum((truth * (1 - self.label_smoothing) + smooth) * said, axis=-1)


class Focal(Settings):
    """Cross-entropy with less weight on easy examples (Lin et al., 2017)."""

    kind: ClassVar[str] = "class"
    type: Literal["focal"] = Field(default="focal", description="Focal cross-entropy.")
    gamma: float = Field(default=2.0, ge=0, le=100, description=GAMMA.format("cross-entropy"))
    alpha: float = Field(default=0.25, gt=0, description="Factor of the whole loss.")

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example: `truth` shares, `said` logarithms of probabilities."""
        missed = xp.maximum(1 - xp.exp(said), TINY) ** self.gamma
        return -self.alpha * xp.sum(missed * truth * said, axis=-1)


class BinaryCrossEntropy(Settings):
    """The mean cross-entropy of the yes or no about every label; the default for labels."""

    kind: ClassVar[str] = "labels"
    type: Literal["binary_crossentropy"] = Field(
        default="binary_crossentropy", description="Cross-entropy of each label."
    )
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description=SMOOTHING.format("answers"))

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example: `said` logarithms of the probabilities of yes and of no."""
        yes, no = said
        truth = truth * (1 - self.label_smoothing) + self.label_smoothing / 2
        return -xp.mean(truth * yes + (1 - truth) * no, axis=-1)


class BinaryFocal(Settings):
    """The same with less weight on easy labels (Lin et al., 2017): where few labels are true."""

    kind: ClassVar[str] = "labels"
    type: Literal["binary_focal"] = Field(
        default="binary_focal", description="Focal cross-entropy of each label."
    )
    gamma: float = Field(
        default=2.0, ge=0, le=100, description=GAMMA.format("binary cross-entropy")
    )
    alpha: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Weight of labels that are true, 1 - alpha of the others; default: equal.",
    )

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example: `said` logarithms of the probabilities of yes and of no."""
        yes, no = said
        true, false = (1.0, 1.0) if self.alpha is None else (self.alpha, 1 - self.alpha)
        of_true = true * truth * xp.exp(self.gamma * no) * yes
        of_false = false * (1 - truth) * xp.exp(self.gamma * yes) * no
        return -xp.mean(of_true + of_false, axis=-1)


class MeanSquaredError(Settings):
    """The mean of squared errors: learns the mean; the default for values."""

    kind: ClassVar[str] = "value"
    type: Literal["mean_squared_error"] = Field(
        default="mean_squared_error", description="Mean squared error."
    )

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example, of standardized values."""
        return xp.mean(xp.square(said - truth), axis=-1)


class MeanAbsoluteError(Settings):
    """The mean of absolute errors: learns the median; outliers hardly matter."""

    kind: ClassVar[str] = "value"
    type: Literal["mean_absolute_error"] = Field(
        default="mean_absolute_error", description="Mean absolute error."
    )

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example, of standardized values."""
        return xp.mean(xp.abs(said - truth), axis=-1)


class Huber(Settings):
    """Half the squared error up to `delta`, a line beyond (Huber, 1964): robust to outliers."""

    kind: ClassVar[str] = "value"
    type: Literal["huber"] = Field(default="huber", description="Huber's loss.")
    delta: float = Field(
        default=1.0, gt=0, description="Where the line begins, in standard deviations of the value."
    )

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example, of standardized values."""
        size = xp.abs(said - truth)
        line = self.delta * (size - self.delta / 2)
        return xp.mean(xp.where(size <= self.delta, xp.square(size) / 2, line), axis=-1)


class LogCosh(Settings):
    """The logarithm of the hyperbolic cosine of the error: as `huber`, without a corner."""

    kind: ClassVar[str] = "value"
    type: Literal["log_cosh"] = Field(default="log_cosh", description="log(cosh(error)).")

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example, of standardized values."""
        size = xp.abs(said - truth)
        return xp.mean(size + xp.log1p(xp.exp(-2 * size)) - xp.log(2.0), axis=-1)


class Quantile(Settings):
    """The pinball loss (Koenker and Bassett, 1978): the answer is a quantile of the value."""

    kind: ClassVar[str] = "value"
    type: Literal["quantile"] = Field(default="quantile", description="A quantile.")
    quantile: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Share of the values that lie below the answer: 0.9 is nearly an upper bound.",
    )

    def errors(self, xp: Any, truth: Any, said: Any) -> Any:
        """The loss of each example, of standardized values."""
        short = truth - said
        return xp.mean(xp.maximum(self.quantile * short, (self.quantile - 1) * short), axis=-1)


# The registry: a new loss is a class above and one name here.
LossSettings = Annotated[
    CrossEntropy
    | Focal
    | BinaryCrossEntropy
    | BinaryFocal
    | MeanSquaredError
    | MeanAbsoluteError
    | Huber
    | LogCosh
    | Quantile,
    Field(discriminator="type"),
]

# Other names: Keras's, and common ones.
ALIASES = {
    "sparse_categorical_crossentropy": "crossentropy",
    "categorical_crossentropy": "crossentropy",
    "categorical_focal_crossentropy": "focal",
    "binary_focal_crossentropy": "binary_focal",
    "bce": "binary_crossentropy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "logcosh": "log_cosh",
    "pinball": "quantile",
}


def expand(value: Any) -> Any:
    """Write the short form of a loss (`huber`) in full, and other names (`mse`) as ours."""
    if isinstance(value, str):
        value = {"type": value}
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return {**value, "type": ALIASES.get(value["type"], value["type"])}
    return value


def default_loss(target: Target) -> LossSettings:
    """The loss of a target for which none is named."""
    match target:
        case ClassTarget():
            return CrossEntropy()
        case LabelsTarget():
            return BinaryCrossEntropy()
        case _:
            return MeanSquaredError()


def fitting(target: Target) -> list[str]:
    """The types of the losses that fit a target."""
    return [name for name, member in _members().items() if member.kind == target.kind]


def loss_types() -> list[str]:
    """The types of all losses, and the other names that they go by."""
    return [*_members(), *ALIASES]


def _members() -> dict[str, Any]:
    members = get_args(get_args(LossSettings)[0])
    return {member.model_fields["type"].default: member for member in members}

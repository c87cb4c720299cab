"""How the network is trained: the `training` group of an experiment."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ByteSize,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    model_validator,
)

from nncli.backend import Backend, Device, Precision
from nncli.config import tracking
from nncli.config.metrics import MEASURED, MetricName, Monitored
from nncli.objectives import losses
from nncli.settings import Settings

__all__ = ["EarlyStopping", "TrainingSettings"]


def _auto_or_value(value: Any) -> str:
    return "<auto>" if value == "auto" else "<value>"


def _balanced_or_weights(value: Any) -> str:
    return "<balanced>" if isinstance(value, str) else "<weights>"


Auto = Annotated[Literal["auto"], Tag("<auto>")]
CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")
Minutes = Annotated[float, Field(gt=0, le=1_000_000)]


class EarlyStopping(Settings):
    """Ends the training when the monitored metric stops improving."""

    patience: int = Field(
        default=5, ge=1, description="Epochs without improvement after which the training ends."
    )
    min_delta: float = Field(
        default=0.0, ge=0, description="Smallest change that counts as an improvement."
    )


class TrainingSettings(Settings):
    """How the network is trained."""

    epochs: int = Field(
        default=6,
        ge=1,
        le=1_000_000,
        description="Times that every training example is seen; more fit more, then overfit.",
    )
    batch_size: Annotated[
        Auto | Annotated[int, Field(ge=1, le=10_000_000), Tag("<value>")],
        Discriminator(_auto_or_value),
    ] = Field(
        default=128,
        description=(
            "Examples a step; larger runs faster an epoch and takes fewer steps. auto: the largest "
            "power of two from 16 to 1024 that fits into memory and leaves 50 steps an epoch; the "
            "learning rate stays as it is."
        ),
    )
    loss: Annotated[losses.LossSettings, BeforeValidator(losses.expand)] | None = Field(
        default=None,
        description=(
            "What training makes small: a name, or {type: ..., ...} with its arguments. Default: "
            "crossentropy for classes, binary_crossentropy for labels, mean_squared_error for "
            "values."
        ),
    )
    metrics: Annotated[tuple[MetricName, ...], Field(strict=False)] = Field(
        default=(),
        description=(
            "More to measure than loss and accuracy (classes), micro_f1 (labels), mae and rmse "
            "(values), by name: top_5_accuracy (or another number), macro_f1, auc, r2, ..."
        ),
    )
    monitor: Monitored = Field(
        default="validation_loss",
        description=(
            "Column of the history whose best epoch is kept as the model: validation_ or train_ "
            "with loss, accuracy (classes), micro_f1 (labels), mae or rmse (values), or with one "
            "of `metrics`. Without validation data: train_loss."
        ),
    )
    early_stopping: EarlyStopping | None = Field(
        default=None,
        description=(
            "{patience: 5} ends the training after 5 epochs in which `monitor` did not improve."
        ),
    )
    class_weight: (
        Annotated[
            Annotated[Literal["balanced"], Tag("<balanced>")]
            | Annotated[dict[str, Annotated[float, Field(ge=0)]], Tag("<weights>")],
            Discriminator(_balanced_or_weights),
        ]
        | None
    ) = Field(
        default=None,
        description=(
            "How much an example of each class counts in the training loss: {name: weight}, "
            "classes not named count 1; balanced gives every class the same total."
        ),
    )
    clipnorm: float | None = Field(
        default=None,
        gt=0,
        description="Largest norm of the gradient of each weight array; helps where steps explode.",
    )
    global_clipnorm: float | None = Field(
        default=None, gt=0, description="Largest norm of all gradients together."
    )
    clipvalue: float | None = Field(
        default=None, gt=0, description="Largest size of any number in a gradient."
    )
    gradient_accumulation_steps: int | None = Field(
        default=None,
        ge=2,
        le=1_000_000,
        description=(
            "Steps whose mean gradient makes one change of the weights: a larger batch than "
            "fits into memory."
        ),
    )
    max_minutes: Minutes | None = Field(
        default=None,
        description="Training ends after this many minutes, wherever it is; then it is evaluated.",
    )
    checkpoint_minutes: Minutes = Field(
        default=5.0,
        description=(
            "Longest time between checkpoints, in minutes: what a killed run can lose. Every "
            "epoch writes one too, while writing costs less than 2 % of the time."
        ),
    )
    backend: Backend = Field(
        default="tensorflow",
        description=(
            "What Keras computes with; jax needs pip install 'nncli[jax]' and is faster, "
            "but for convolutions on a CPU."
        ),
    )
    device: Device = Field(
        default="auto", description="cpu, gpu (an error without one) or auto (a GPU if there is)."
    )
    precision: Precision = Field(
        default="float32",
        description=(
            "mixed_float16 computes in half precision on a GPU, mixed_bfloat16 on newer ones: "
            "faster, less memory, a little less exact. float32 is best on a CPU."
        ),
    )
    deterministic: bool = Field(
        default=True,
        description=(
            "Bit-identical results, run after run, on the same machine; off may be faster on a GPU."
        ),
    )
    steps_per_execution: Annotated[
        Auto | Annotated[int, Field(ge=1, le=100_000), Tag("<value>")],
        Discriminator(_auto_or_value),
    ] = Field(
        default="auto",
        description=(
            "Steps that run in one call; more is faster, and the display moves less often. auto: "
            "about 0.2 s a call."
        ),
    )
    jit_compile: Annotated[
        Auto | Annotated[bool, Tag("<value>")], Discriminator(_auto_or_value)
    ] = Field(
        default="auto",
        description=(
            "Compile with XLA: faster steps for a later start. On tensorflow it needs "
            "deterministic: false; jax always compiles. auto: where the run is long enough."
        ),
    )
    memory_budget: str = Field(
        default="auto",
        pattern=r"^(auto|[0-9]+(\.[0-9]+)? ?[kMGT]i?B)$",
        description=(
            "Data up to this size (4GiB, 500MB) is held in memory; more is read from disk as it "
            "is needed. auto: a quarter of the memory."
        ),
    )
    tensorboard: bool = Field(
        default=False, description="Write TensorBoard logs into the run folder."
    )
    mlflow: Annotated[
        tracking.Mlflow | None,
        BeforeValidator(tracking.expand, json_schema_input_type=bool | tracking.Mlflow | None),
    ] = Field(
        default=None,
        description=(
            "Follow the run in MLflow, with pip install 'nncli[mlflow]': true, or {experiment: "
            "NAME, tracking_uri: URI}."
        ),
    )
    profile: bool = Field(
        default=False, description="Write a trace of the first steps into the run folder."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        clips = [name for name in CLIPS if getattr(self, name) is not None]
        if len(clips) > 1:
            raise ValueError(f"{' and '.join(clips)} exclude each other")
        watched = self.monitor.partition("_")[2]
        if watched not in (*MEASURED, *self.metrics):
            raise ValueError(f"monitor: {watched} is not measured; name it in metrics")
        if self.backend == "tensorflow" and self.deterministic and self.jit_compile is True:
            raise ValueError(
                "jit_compile: true needs deterministic: false, for TensorFlow switches XLA off "
                "where operations must be deterministic"
            )
        if self.backend == "jax" and self.jit_compile is False:
            raise ValueError("jit_compile: false does not go with backend: jax, which compiles")
        return self

    @property
    def examples_per_step(self) -> int:
        """`batch_size` once it is a number: what `auto` means depends on data and model."""
        assert self.batch_size != "auto", "prepare() decides it"
        return self.batch_size

    @property
    def memory_bytes(self) -> int | None:
        """`memory_budget` in bytes; None for auto."""
        if self.memory_budget == "auto":
            return None
        return int(TypeAdapter(ByteSize).validate_python(self.memory_budget))

"""`metrics.json`: its schema, written once here and described in docs/run-folder.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from nncli.files import to_json, write_atomically
from nncli.objectives.assessment import Assessment, ClassMetrics
from nncli.settings import Settings

__all__ = [
    "Calibrated",
    "ClassMetrics",
    "Comparison",
    "DatasetUsed",
    "EpochRow",
    "Metrics",
    "Outcome",
    "SliceMetrics",
    "Timing",
]

Outcome = Literal["running", "completed", "stopped_early", "interrupted", "failed"]
EpochRow = Mapping[str, float | None]
Values = dict[str, float | None]


class Timing(Settings):
    """Where the time went, in seconds of wall time."""

    total_seconds: float = Field(
        description="From the start of the command to its last file; of a resumed run with what "
        "the commands before it spent on training."
    )
    data_seconds: float | None = Field(default=None, description="Loading the dataset.")
    fit_seconds: float | None = Field(
        default=None, description="Training with its validation, compiling included."
    )
    evaluate_seconds: float | None = Field(default=None, description="The evaluated split.")
    examples_per_second: float | None = Field(
        default=None, description="Training examples a second, over the whole fit."
    )


class DatasetUsed(Settings):
    """Which data the numbers are about."""

    name: str = Field(description="The dataset that was used.")
    requested: str | None = Field(description="The dataset that was asked for; null: none.")
    fallback: bool = Field(description="Whether `name` stands in for a dataset that is not here.")
    examples: dict[str, int] = Field(description="Number of examples of each split.")
    classes: int | None = Field(description="Number of classes or labels; null: values.")
    left_out: int = Field(
        default=0,
        description="Rows or files that could not be read and are in no split "
        "(`dataset.on_error: skip`).",
    )


class SliceMetrics(Settings):
    """How the examples fared that have one value of a column."""

    value: str = Field(description="The value, a range of numbers, `(other)` or `(missing)`.")
    count: int = Field(description="Examples with it.")
    metrics: Values = Field(description="Metrics of these examples alone.")


Pair = Annotated[tuple[float, float], Field(strict=False)]


class Calibrated(Settings):
    """A model whose confidence was changed, and what that did on the evaluated split."""

    path: str = Field(description="The new file.")
    temperature: float = Field(
        description="What the logits are divided by; above 1 the model was too sure of itself."
    )
    ece: Pair = Field(description="The expected calibration error before and after.")
    crossentropy: Pair = Field(description="The mean cross-entropy before and after.")


class Comparison(Settings):
    """The difference of a metric between two models, example by example."""

    other: str = Field(description="The file of the other model.")
    metric: str = Field(
        description="accuracy; of labels binary_accuracy, the share of right decisions; of values "
        "mae."
    )
    values: Pair = Field(description="Of this model and of the other.")
    difference: float = Field(description="This minus the other.")
    interval: Pair = Field(description="Of the difference: 95 %, by bootstrap over the examples.")
    only_this: int | None = Field(
        default=None, description="Examples that this model alone has right; null but for classes."
    )
    only_other: int | None = Field(default=None, description="That the other alone has right.")
    p_value: float | None = Field(
        default=None, description="Of McNemar's exact test that both are equally often right."
    )


class Metrics(Settings):
    """The whole document; a number that does not exist is null."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    version: Literal[1] = Field(default=1, alias="schema", description="Version of this schema.")
    outcome: Outcome = Field(description="How the run ended; `running` while it lives.")
    name: str = Field(description="Name of the run, or the model file that was evaluated.")
    train: Values | None = Field(default=None, description="Training metrics of the kept epoch.")
    validation: Values | None = Field(
        default=None, description="Validation metrics of the kept epoch."
    )
    test: Values | None = Field(default=None, description="Metrics of the saved model on test.")
    all: Values | None = Field(
        default=None, description="Metrics on all examples together (`nncli evaluate` only)."
    )
    folds: list[Values] | None = Field(
        default=None,
        description="Of a cross-validation the test metrics of each fold; train, validation and "
        "test are then the means.",
    )
    deviation: dict[str, Values] | None = Field(
        default=None,
        description="Of a cross-validation the standard deviation between folds, by split.",
    )
    per_class: list[ClassMetrics] | None = Field(
        default=None, description="Per class, of the evaluated split (`nncli evaluate` only)."
    )
    assessment: Assessment | None = Field(
        default=None,
        description="All that is known of the evaluated split (`nncli evaluate` only).",
    )
    slices: dict[str, list[SliceMetrics]] | None = Field(
        default=None,
        description="Of each `--slice` the evaluated split by value, the worst first "
        "(`nncli evaluate` only).",
    )
    comparison: Comparison | None = Field(
        default=None, description="With the model of `--compare` (`nncli evaluate` only)."
    )
    calibrated: Calibrated | None = Field(
        default=None, description="What `--calibrate` did (`nncli evaluate` only)."
    )
    kept_epoch: int | None = Field(
        default=None, description="The epoch whose weights are in model.keras, counted from 1."
    )
    epochs: int | None = Field(default=None, description="Epochs that were completed.")
    monitor: str | None = Field(default=None, description="The column that chose the kept epoch.")
    parameters: int | None = Field(default=None, description="Weights of the model.")
    dataset: DatasetUsed
    timing: Timing
    error: str | None = Field(default=None, description="What went wrong, if it failed.")

    @classmethod
    def about(cls, split: str, values: Values, **others: Any) -> Metrics:
        """A document whose only metrics are those of `split`."""
        return cls.model_validate({split: values, **others})

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its end."""
        return self.outcome in ("completed", "stopped_early")

    def deviation_of(self, split: str, name: str) -> float | None:
        """Of a cross-validation the standard deviation of a metric between its folds."""
        return (self.deviation or {}).get(split, {}).get(name)

    @classmethod
    def read(cls, path: Path) -> Metrics | None:
        """The document in `path`; None if there is none, or none of this schema."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def to_json(self) -> str:
        """The document as indented JSON, without NaN."""
        return to_json(self.model_dump(mode="json"))

    def write(self, path: Path) -> None:
        """Write the document.

        Raises:
            StorageError: the file cannot be written.
        """
        write_atomically(path, self.to_json())

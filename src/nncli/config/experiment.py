"""The experiment that a YAML file describes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from nncli import data, models, optimizers
from nncli.backend import Device
from nncli.data import DatasetSettings, TfdsDataset
from nncli.models import MlpModel, ModelSettings
from nncli.optimizers import Adam, OptimizerSettings
from nncli.settings import Settings

__all__ = ["Experiment", "TrainingSettings"]


class TrainingSettings(Settings):
    """How the network is trained."""

    epochs: int = Field(
        default=6,
        ge=1,
        le=1_000_000,
        description="Times that every training example is seen; more fit more, then overfit.",
    )
    batch_size: int = Field(
        default=128,
        ge=1,
        le=10_000_000,
        description="Examples a step; larger runs faster an epoch and takes fewer steps.",
    )
    monitor: str = Field(
        default="validation_loss",
        pattern=r"^(train|validation)_[a-z_]+$",
        description=(
            "Column of the history whose best epoch is kept as the model: validation_loss, "
            "validation_accuracy, train_loss, ... Without validation data: train_loss."
        ),
    )
    deterministic: bool = Field(
        default=True,
        description=(
            "Bit-identical results, run after run, on the same machine; off may be faster on a GPU."
        ),
    )
    device: Device = Field(
        default="auto", description="cpu, gpu (an error without one) or auto (a GPU if there is)."
    )


class Experiment(Settings):
    """Everything that decides what is trained. All keys have defaults."""

    name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        max_length=100,
        description="Name of the run folder; default: <dataset>-<model>.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**32,
        description="Fixes the initial weights, the order of examples and the held-out shares.",
    )
    dataset: Annotated[DatasetSettings, BeforeValidator(data.expand)] = Field(
        default=TfdsDataset(),
        description="What is learned from; a bare name is short for {type: tfds, name: ...}.",
    )
    model: Annotated[ModelSettings, BeforeValidator(models.expand)] = Field(
        default=MlpModel(), description="The network; a bare name is short for {type: ...}."
    )
    optimizer: Annotated[OptimizerSettings, BeforeValidator(optimizers.expand)] = Field(
        default=Adam(), description="How weights follow the gradient; a bare name is its type."
    )
    training: TrainingSettings = Field(
        default=TrainingSettings(), description="How the network is trained."
    )

    @property
    def names_dataset(self) -> bool:
        """Whether the user said which dataset; if not, it may be replaced by digits."""
        return not isinstance(self.dataset, TfdsDataset) or "name" in self.dataset.model_fields_set

    @property
    def run_name(self) -> str:
        """`name`, or what it defaults to."""
        return self.name or f"{self.dataset.label}-{self.model.type}"

    def resolved(self, dataset: DatasetSettings) -> Experiment:
        """This experiment with `dataset` and every name written out: repeats the run as it was."""
        changes: dict[str, Any] = {"dataset": dataset}
        named = self.model_copy(update=changes)
        return named.model_copy(update={"name": named.run_name})

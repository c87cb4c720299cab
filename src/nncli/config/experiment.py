"""The experiment that a YAML file describes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from nncli import data, models, optimizers
from nncli.config.training import TrainingSettings
from nncli.data import DatasetSettings, TfdsDataset
from nncli.files import is_plain
from nncli.models import MlpModel, ModelSettings
from nncli.optimizers import Adam, OptimizerSettings
from nncli.settings import Settings

__all__ = ["Experiment"]

# Of `_is_a_folder` what a pattern can say, so that editors show it: no white space, and of ASCII
# letters, digits, '.', '_' and '-' alone.
FOR_EDITORS = r"^[^\s\x00-,/:-@\[-^`{-\x7f]+$"
LONGEST_NAME = 200  # bytes: what file systems take, less a number in front


Name = Annotated[str, Field(max_length=100, json_schema_extra={"pattern": FOR_EDITORS})]


class Experiment(Settings):
    """Everything that decides what is trained. All keys have defaults."""

    name: Name | None = Field(
        default=None,
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
        description=(
            "What is learned from: a file or folder (table.csv, photos/), digits, or a "
            "tensorflow-datasets name; each is short for a mapping with a type."
        ),
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

    @field_validator("name")
    @classmethod
    def _is_a_folder(cls, name: str | None) -> str | None:
        if name is None:
            return None
        if not name[:1].isalnum() or not all(map(is_plain, name)):
            raise ValueError(
                "is not a valid name; letters, digits, '.', '_' and '-' make one, beginning with "
                "a letter or digit"
            )
        if len(name.encode()) > LONGEST_NAME:
            raise ValueError("is too long for a folder")
        return name

    @property
    def names_dataset(self) -> bool:
        """Whether the user said which dataset; if not, it may be replaced by digits."""
        return not isinstance(self.dataset, TfdsDataset) or "name" in self.dataset.model_fields_set

    @property
    def run_name(self) -> str:
        """`name`, or what it defaults to."""
        return self.name or f"{self.dataset.label}-{models.label(self.model)}"

    def of_fold(self, fold: int) -> Experiment:
        """What tests fold `fold` of this cross-validation (counted from 1); repeats it alone."""
        dataset = self.dataset.model_copy(update={"fold": fold})
        return self.model_copy(update={"dataset": dataset, "name": f"{self.run_name}-fold-{fold}"})

    def of_all_folds(self) -> Experiment:
        """The cross-validation that this, which `of_fold` gave, is a part of."""
        name = self.run_name.removesuffix(f"-fold-{self.dataset.fold}")
        dataset = self.dataset.model_copy(update={"fold": None})
        return self.model_copy(update={"dataset": dataset, "name": name})

    def with_batch_size(self, batch_size: int) -> Experiment:
        """This experiment with `training.batch_size` as a number."""
        training = self.training.model_copy(update={"batch_size": batch_size})
        return self.model_copy(update={"training": training})

    def resolved(self, dataset: DatasetSettings) -> Experiment:
        """This experiment with `dataset` and every name written out: repeats the run as it was."""
        changes: dict[str, Any] = {"dataset": dataset}
        named = self.model_copy(update=changes)
        return named.model_copy(update={"name": named.run_name})

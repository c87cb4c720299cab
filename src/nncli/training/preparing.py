"""Before there is a run folder: Keras started, data loaded, networks built, `auto` decided."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from nncli import backend, data, models, preprocessing
from nncli.config import Experiment
from nncli.config.training import TrainingSettings
from nncli.data import Dataset, TfdsDataset
from nncli.data.inputs import InputSettings
from nncli.data.pipelines import fit_memory, steps
from nncli.data.tfds import data_folder
from nncli.descriptions import TASKS
from nncli.errors import ExperimentError, NncliError, UsageError
from nncli.files import shown_path
from nncli.objectives import metric_names
from nncli.objectives.losses import fitting
from nncli.objectives.metrics import fitting_metrics, unfit
from nncli.preprocessing import Given
from nncli.reporting import Reporter, counted
from nncli.runs import RunFolder
from nncli.training import batching, execution, networks, seeding
from nncli.training.fetching import check_weights, fetch_preset, fetch_weights
from nncli.training.memory import check_batch_size, explained_size
from nncli.training.monitoring import Monitor
from nncli.training.phases import phases_of
from nncli.training.run import Run
from nncli.training.weighting import class_weights

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """Everything that is loaded and built before there is a run folder."""

    experiment: Experiment
    dataset: Dataset
    networks: networks.Networks
    monitor: Monitor
    weights: Any
    data_seconds: float

    @property
    def batch_size(self) -> int:
        """Examples of a step, which are all where there are fewer."""
        examples = len(self.dataset.splits["train"])
        return min(self.experiment.training.examples_per_step, examples)

    def check_memory(self) -> None:
        """Refuse a training of which a step takes more memory than the machine has.

        Raises:
            TrainingError: with the batch size that fits.
        """
        for phase in reversed(phases_of(self.experiment)):
            phase.prepare(self.networks.trained)
            check_batch_size(self.networks.trained, self.batch_size)

    def started(self, folder: RunFolder, requested: str | None, began: float) -> Run:
        """The run of this in `folder`."""
        return Run(
            self.experiment,
            requested,
            self.dataset,
            self.networks,
            folder,
            self.monitor,
            self.weights,
            began,
            self.data_seconds,
        )


def prepare(
    experiment: Experiment, reporter: Reporter, *, load: data.Loading = data.load
) -> Prepared:
    """Start Keras, load the data and build the networks of `experiment`, and decide what is left
    to `auto` in it. `load` may read less of the data, for whoever does not train on it."""
    settings = experiment.training
    if settings.tensorboard and not backend.is_installed("tensorboard"):
        raise NncliError(
            "TensorBoard is not installed.",
            hint="Install it with: pip install 'nncli[tensorboard]', or leave "
            "training.tensorboard out.",
        )
    check_weights(experiment.model)
    if experiment.names_dataset:
        data.check_source(experiment.dataset)
    fetch_preset(experiment.model, reporter)
    _check_texts(experiment)
    name = {"tensorflow": "TensorFlow", "jax": "JAX"}[settings.backend]
    with reporter.task(f"Starting {name}"):
        backend.prepare(
            backend=settings.backend,
            device=settings.device,
            deterministic=settings.deterministic,
            precision=settings.precision,
        )
    given = models.given_preprocessing(experiment.model)
    seeding.seed_everything(experiment.seed)
    began = time.perf_counter()
    experiment, dataset = _load(experiment, given, reporter, load)
    dataset = dataset.with_target(models.kept_target(experiment.model, dataset.target))
    data_seconds = time.perf_counter() - began
    dataset = fit_memory(dataset, settings.memory_bytes or backend.memory_bytes() // 4)
    _check_loss(settings, dataset)
    _check_metrics(settings, dataset)
    monitor = _monitor(experiment, dataset)
    weights = class_weights(dataset, settings.class_weight)
    features = preprocessing.features(dataset.preprocessing)
    fetch_weights(experiment.model, features, reporter)
    sides = (features.shape[0], features.shape[1]) if features.kind == "image" else None
    with explained_size(sides):
        built = networks.build(experiment.model, dataset, experiment.dataset.augment, reporter)
    examples = len(dataset.splits["train"])
    tuning = models.fine_tuning(experiment.model)
    if settings.batch_size == "auto":
        if tuning is not None:  # what learns later needs memory, too
            models.let_base_learn(built.family, True)
        settings = batching.decided(settings, built.trained, examples, reporter)
        if tuning is not None:
            models.let_base_learn(built.family, False)
    count = steps(examples, settings.examples_per_step)
    _check_accumulation(settings, count)
    if tuning is not None and tuning.begin >= settings.epochs:
        reporter.warning(
            f"model.unfreeze_at: {tuning.begin} is not before the end of training "
            f"({counted(settings.epochs, 'epoch')}): only the output is trained."
        )
    decided = execution.decided(settings, built.trained, count)
    experiment = experiment.model_copy(update={"training": decided})
    return Prepared(experiment, dataset, built, monitor, weights, data_seconds)


def _check_texts(experiment: Experiment) -> None:
    """Refuse what is said about texts where a preset decides about them."""
    limits = models.text_limits(experiment.model)
    settings = experiment.dataset
    if limits is None or not isinstance(settings, InputSettings):
        return
    for key in ("tokens", "vocabulary_size"):
        if getattr(settings, key) != InputSettings.model_fields[key].default:
            raise UsageError(
                f"dataset.{key}: the preset of the model cuts texts as it has learned to.",
                hint=f"Leave dataset.{key} out.",
            )
    fewest, most = limits
    if settings.sequence_length and not fewest <= settings.sequence_length <= most:
        raise UsageError(
            f"dataset.sequence_length: {settings.sequence_length:,} is not from {fewest} to "
            f"{most:,}, the tokens of a text that the preset of the model takes."
        )


def _check_loss(settings: TrainingSettings, dataset: Dataset) -> None:
    """Refuse a loss that is for another kind of target."""
    names = fitting(dataset.target)
    if settings.loss is not None and settings.loss.type not in names:
        raise ExperimentError(
            [
                f"training.loss: {settings.loss.type} is for {TASKS[settings.loss.kind]}; "
                f"{dataset.name} is {dataset.target}"
            ],
            hint=f"Take {', '.join(names[:-1])} or {names[-1]}; {names[0]} is the default.",
        )


def _check_metrics(settings: TrainingSettings, dataset: Dataset) -> None:
    """Refuse metrics that are for another kind of target."""
    target = dataset.target
    problems = [problem for name in settings.metrics if (problem := unfit(target, name))]
    if problems:
        raise ExperimentError(
            [f"training.metrics: {problem}; {dataset.name} is {target}" for problem in problems],
            hint=f"There are {', '.join(fitting_metrics(target))}.",
        )


def _check_accumulation(settings: TrainingSettings, steps_per_epoch: int) -> None:
    accumulated = settings.gradient_accumulation_steps or 1
    if accumulated > settings.epochs * steps_per_epoch:
        raise UsageError(
            f"training.gradient_accumulation_steps: {accumulated:,} is more than the "
            f"{counted(settings.epochs * steps_per_epoch, 'step')} of this training, so that "
            "nothing would be learned.",
            hint="Take fewer, or more epochs.",
        )


def _load(
    experiment: Experiment, given: Given | None, reporter: Reporter, load: data.Loading
) -> tuple[Experiment, Dataset]:
    """The dataset, preprocessed as `given` if the model brings that with it, and the experiment
    with it and its place written out."""
    settings, seed = experiment.dataset, experiment.seed
    if experiment.names_dataset or not isinstance(settings, TfdsDataset):
        dataset = load(settings, seed=seed, reporter=reporter, given=given)
    else:
        place = data_folder(settings)
        dataset, settings = data.load_default(
            settings, seed=seed, reporter=reporter, load=load, given=given
        )
        if settings.label != experiment.dataset.label:
            reporter.warning(
                "MNIST is not on this machine and cannot be downloaded (prepared datasets are "
                f"looked for in {shown_path(place)}): this run uses the "
                "embedded digits (1,797 images of 8 x 8 pixels) instead.\n"
                "Its numbers are not MNIST's. With archives of MNIST at hand: "
                "nncli data prepare mnist --from FOLDER"
            )
    if not len(dataset.splits.get("train", ())):
        raise UsageError(
            f"{dataset.name} has no training split.",
            hint=f"It has {', '.join(dataset.splits)}; to train on one of them: "
            f"--set dataset.train={next(iter(dataset.splits))}"
            if isinstance(settings, TfdsDataset)
            else None,
        )
    found = settings.model_copy(update=dict(dataset.found))
    return experiment.resolved(data.located(found)), dataset


def _monitor(experiment: Experiment, dataset: Dataset) -> Monitor:
    """The column of the history that chooses the kept epoch."""
    splits = [split for split in ("train", "validation") if split in dataset.splits]
    names = metric_names(dataset.target, experiment.training.metrics)
    columns = [f"{split}_{metric}" for split in splits for metric in names]
    monitor = experiment.training.monitor
    if monitor in columns:
        return Monitor(monitor)
    if monitor == "validation_loss":  # the default, and there is no validation data
        return Monitor("train_loss")
    raise UsageError(
        f"training.monitor: there is no {monitor} to watch.",
        hint=f"This experiment has: {', '.join(columns)}.",
    )

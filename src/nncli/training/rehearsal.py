"""One step of everything, before hours are spent: does it run, and what will it take?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.config import Experiment
from nncli.config.training import TrainingSettings
from nncli.data import Split
from nncli.data.mixing import mixed_classes, mixing_of
from nncli.data.pipelines import EpochOrder, Feed, steps
from nncli.data.rows import DiskRows
from nncli.inference.answering import answers, batch_size_for
from nncli.models.cost import flops
from nncli.reporting import Reporter, SilentReporter
from nncli.training import execution
from nncli.training.fitting import compile_network
from nncli.training.folds import is_cross_validation
from nncli.training.memory import (
    explained_exhaustion,
    step_bytes,
    weight_bytes,
)
from nncli.training.mlflow_runs import checked_store
from nncli.training.phases import phases_of
from nncli.training.preparing import Prepared, prepare

__all__ = ["Rehearsal", "rehearse"]


@dataclass(frozen=True)
class Rehearsal:
    """What a run would do, and what it needs.

    Attributes:
        experiment: resolved, what `auto` means included.
        examples: examples of each split.
        steps_per_epoch: steps of one epoch.
        parameters: weights of the model.
        flops: operations of one example's forward pass, in matrix products alone.
        data_bytes: decoded inputs of all splits.
        data_in_memory: whether they fit the memory budget, or are read from disk.
        weight_bytes: weights, their gradients and the optimizer's variables.
        step_bytes: what a step needs beside them, roughly.
        step_seconds: one step among others, as many to a call as there will be, measured without
            the compilation; of a training in phases the mean over all epochs.
        model_bytes: size of the .keras file.
    """

    experiment: Experiment
    examples: Mapping[str, int]
    steps_per_epoch: int
    parameters: int
    flops: int
    data_bytes: int
    data_in_memory: bool
    weight_bytes: int
    step_bytes: int
    step_seconds: float
    model_bytes: int

    @property
    def fit_seconds(self) -> float:
        """All steps of all epochs, without validation."""
        return self.step_seconds * self.steps_per_epoch * self.experiment.training.epochs


def rehearse(experiment: Experiment, *, reporter: Reporter | None = None) -> Rehearsal:
    """Load and build what `experiment` says, and do one step of everything: train, validate, test,
    save. Leaves nothing behind but what is cached.

    Raises:
        As `train`, but for what is found out later than in the first steps.
    """
    reporter = reporter or SilentReporter()
    checked_store(experiment)
    if is_cross_validation(experiment):  # its folds are alike
        experiment = experiment.of_fold(1)
    prepared = prepare(experiment, reporter)
    prepared.check_memory()
    with reporter.task("Trying one step of everything"):
        seconds = _one_step(prepared)
        size = _saved_size(prepared.networks.saved)
    settings = prepared.experiment.training
    network = prepared.networks.trained
    splits = prepared.dataset.splits
    arrays = {id(split.inputs): split.inputs for split in splits.values()}.values()
    return Rehearsal(
        experiment=prepared.experiment,
        examples={name: len(split) for name, split in splits.items()},
        steps_per_epoch=steps(len(splits["train"]), settings.examples_per_step),
        parameters=int(prepared.networks.saved.count_params()),
        flops=flops(network),
        data_bytes=sum(array.nbytes for array in arrays),
        data_in_memory=not any(isinstance(array, DiskRows) for array in arrays),
        weight_bytes=weight_bytes(network),
        step_bytes=step_bytes(network, prepared.batch_size),
        step_seconds=seconds,
        model_bytes=size,
    )


def _one_step(prepared: Prepared) -> float:
    """Train the steps of one call twice in each phase, the second of them timed; validate and
    answer one batch. Returns the seconds of a step."""
    import keras

    from nncli.training.averaging import ValidateAverages, take_averages

    settings = prepared.experiment.training
    model, splits = prepared.networks.trained, prepared.dataset.encoded().splits
    count = steps(len(splits["train"]), settings.examples_per_step)
    short = _at_most_a_moment(settings, model, count)
    experiment = prepared.experiment.model_copy(update={"training": short})
    target = prepared.dataset.target
    mixing = mixing_of(experiment.dataset.augment, experiment.seed, target)
    feed = Feed()
    train = _first(splits["train"], settings.examples_per_step * int(short.steps_per_execution))
    batches = feed.shuffled(
        train,
        settings.examples_per_step,
        EpochOrder(len(train), experiment.seed),
        class_weights=prepared.weights,
        mixing=mixing,
    )
    moments: list[float] = []

    def note(batch: int, logs: Mapping[str, Any] | None = None) -> None:
        float((logs or {}).get("loss", 0.0))  # which waits for it
        moments.append(time.perf_counter())

    timing = keras.callbacks.LambdaCallback(on_train_batch_begin=note, on_train_batch_end=note)
    averaging = [ValidateAverages()] if experiment.optimizer.use_ema else []
    seconds = 0.0
    for phase in phases_of(experiment):
        phase.prepare(model)
        compile_network(model, phase.experiment, count, target, mixing)
        with explained_exhaustion(model, settings.examples_per_step):
            for _ in ("with its compilation", "without"):
                model.fit(batches, verbose=0, shuffle=False, callbacks=[*averaging, timing])
        began, ended = moments[-2:]
        share = (phase.end - phase.begin) / settings.epochs
        seconds += share * (ended - began) / int(short.steps_per_execution)
        if averaging:
            take_averages(model)
            averaging = [ValidateAverages()]
    with explained_exhaustion(model, settings.examples_per_step):
        if "validation" in splits:
            size = batch_size_for(prepared.networks.answering)
            validation = _first(splits["validation"], size)
            batches = feed.ordered(validation, size, classes=mixed_classes(mixing))
            model.evaluate(batches, verbose=0)
        answers(prepared.networks.answering, _first(train, settings.examples_per_step), feed)
    return seconds


def _at_most_a_moment(
    settings: TrainingSettings, model: Any, steps_per_epoch: int
) -> TrainingSettings:
    """`settings` with as many steps to a call as there will be, but no more than `auto` takes."""
    automatic = settings.model_copy(update={"steps_per_execution": "auto"})
    few = execution.decided(automatic, model, steps_per_epoch).steps_per_execution
    wanted = min(int(few), int(settings.steps_per_execution), steps_per_epoch)
    return settings.model_copy(update={"steps_per_execution": wanted})


def _first(split: Split, count: int) -> Split:
    """The first `count` examples of `split`."""
    import numpy as np

    return split.taking(np.arange(min(count, len(split))))


def _saved_size(model: Any) -> int:
    from nncli.backend import tensorflow_left_alone

    with tempfile.TemporaryDirectory() as folder, tensorflow_left_alone():
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.stat().st_size

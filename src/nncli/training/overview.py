"""A model before it is trained: its layers, what is around them, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nncli import data, models
from nncli.config import Experiment
from nncli.data.mixing import mixing_of
from nncli.data.pipelines import steps
from nncli.files import open_atomically
from nncli.inference.network_boxes import boxes_of
from nncli.models.anatomy import Layer, layers_of
from nncli.models.cost import flops, variable_bytes
from nncli.objectives import describe_answer
from nncli.reporting import Reporter, SilentReporter, counted
from nncli.training.fitting import compile_network
from nncli.training.folds import is_cross_validation
from nncli.training.memory import step_bytes, weight_bytes
from nncli.training.preparing import prepare

__all__ = ["ModelOverview", "draw", "look"]


@dataclass(frozen=True)
class ModelOverview:
    """A model in plain values.

    Attributes:
        type: the family.
        dataset: what it is built for.
        inputs: what is recorded, in words.
        preprocessing: what is done to that in front of the network, in words.
        augmentation: the keys of `dataset.augment` that change it while training.
        layers: of the network, each behind those it takes from.
        answer: what stands behind the network, in words.
        parameters: weights of the network.
        trained: those of them that training changes.
        bytes: size of the weights.
        flops: operations of one example's forward pass, in matrix products alone; of a model that
            Keras cannot look into, those of the layers around it.
        batch_size: examples of a step.
        weight_bytes: what a training needs for weights, their gradients and the optimizer.
        step_bytes: what a step needs beside them, roughly.
    """

    type: str
    dataset: str
    inputs: str
    preprocessing: str
    augmentation: Sequence[str]
    layers: Sequence[Layer]
    answer: str
    parameters: int
    trained: int
    bytes: int
    flops: int
    batch_size: int
    weight_bytes: int
    step_bytes: int


def look(experiment: Experiment, *, reporter: Reporter | None = None) -> ModelOverview:
    """Build the model of `experiment` on the CPU, and say what it is.

    Of the data only as much is read as the shapes follow from.

    Raises:
        As `train`, for what is found out before a training begins.
    """
    reporter = reporter or SilentReporter()
    on_cpu = experiment.training.model_copy(update={"device": "cpu"})
    experiment = experiment.model_copy(update={"training": on_cpu})
    if is_cross_validation(experiment):  # its folds are alike
        experiment = experiment.of_fold(1)
    prepared = prepare(experiment, reporter, load=data.load_to_describe)
    experiment, dataset = prepared.experiment, prepared.dataset
    augment = experiment.dataset.augment
    network, trained = prepared.networks.family, prepared.networks.trained
    batch_size = min(experiment.training.examples_per_step, len(dataset.splits["train"]))
    mixing = mixing_of(augment, experiment.seed, dataset.target)
    compile_network(
        trained, experiment, steps(len(dataset.splits["train"]), batch_size), dataset.target, mixing
    )
    layers = layers_of(network)
    return ModelOverview(
        type=models.label(experiment.model),
        dataset=dataset.name,
        inputs=str(dataset.inputs),
        preprocessing=str(dataset.preprocessing),
        augmentation=() if augment is None else tuple(augment.model_dump(exclude_none=True)),
        layers=layers,
        answer=describe_answer(dataset.target),
        parameters=sum(layer.parameters for layer in layers),
        trained=sum(layer.trained for layer in layers),
        bytes=sum(variable_bytes(weight) for weight in network.weights),
        flops=flops(network),
        batch_size=batch_size,
        weight_bytes=weight_bytes(trained),
        step_bytes=step_bytes(trained, batch_size),
    )


def draw(overview: ModelOverview, path: Path) -> None:
    """Draw a model as a PNG or SVG, as the ending of `path` says.

    Raises:
        StorageError: the file cannot be written.
    """
    from nncli.drawing.networks import draw_network
    from nncli.drawing.saving import kind_of

    boxes = boxes_of(
        overview.layers,
        inputs=overview.inputs,
        preprocessing=overview.preprocessing,
        answer=overview.answer,
    )
    title = f"{overview.type} for {overview.dataset}: {counted(overview.parameters, 'parameter')}"
    with open_atomically(path) as temporary:
        draw_network(boxes, temporary, title=title, kind=kind_of(path))

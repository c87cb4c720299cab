"""Making probabilities mean what they say: temperature scaling (Guo and others, 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.errors import DataError, ModelFileError, UsageError
from nncli.inference.answering import answers, logits_for_arrays
from nncli.inference.evaluated import Evaluation
from nncli.inference.matching import targets_by_name
from nncli.objectives import ANSWER, TEMPERATURE, add_answer, compile_for_answers
from nncli.objectives.calibration import calibration
from nncli.preprocessing import archive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Calibrated", "calibrate", "temperature_of"]

HOTTEST = 100.0


@dataclass(frozen=True)
class Calibrated:
    """A model whose confidence was changed, and what that did on the evaluated split.

    Attributes:
        path: the new file.
        temperature: what the logits are divided by; above 1 it was too sure of itself.
        ece: the expected calibration error before and after.
        loss: the mean cross-entropy before and after.
    """

    path: Path
    temperature: float
    ece: tuple[float, float]
    loss: tuple[float, float]


def calibrate(evaluation: Evaluation, output: Path) -> Calibrated:
    """Fit a temperature on the validation split, and save the model with it as a new file, which
    decides as before.

    Args:
        evaluation: of the model on a split of its own dataset, other than validation.
        output: the new .keras file.

    Raises:
        UsageError: the model says values, or `output` is the model itself.
        DataError: there is no validation split.
        ModelFileError: nncli did not make the model, or it has a temperature already.
        StorageError: the file cannot be written.
    """
    evaluation.check_single("A temperature")
    target, data = evaluation.target, evaluation.data
    if not isinstance(target, ClassTarget | LabelsTarget):
        raise UsageError(f"The model says {target}: there are no probabilities to calibrate.")
    description = evaluation.description
    if description is None:
        raise ModelFileError(f"{evaluation.model_path} was not made by nncli.")
    if output.exists() and output.samefile(evaluation.model_path):
        raise UsageError(f"{output} is the model itself.", hint="Name another file.")
    validation = data.dataset.splits.get("validation")
    if validation is None or evaluation.split in ("validation", "all"):
        raise DataError(
            "The temperature is fitted on a validation split and judged on another; "
            f"{evaluation.dataset} has {', '.join(data.dataset.splits)}.",
            hint="Train with dataset.validation above 0, and leave out --split.",
        )
    model = evaluation.model
    if any(layer.name == TEMPERATURE for layer in model.layers):
        raise ModelFileError(f"{evaluation.model_path} is calibrated already.")
    logits = logits_for_arrays(model, description)
    targets = targets_by_name(validation.labels, data.dataset, target)
    temperature = temperature_of(target, answers(logits, validation), targets)
    archive.save(_with_temperature(model, target, temperature), output, description)
    said = answers(logits, data.split)
    both = [scaled(target, said, one) for one in (1.0, temperature)]
    errors = [calibration(target, one, evaluation.targets).ece for one in both]
    means = [cross_entropy(target, said / one, evaluation.targets) for one in (1.0, temperature)]
    return Calibrated(output, temperature, (errors[0], errors[1]), (means[0], means[1]))


def temperature_of(target: Target, logits: NDArray[Any], targets: NDArray[Any]) -> float:
    """The temperature with the least cross-entropy, from 0.01 to 100.

    Args:
        target: classes or labels.
        logits: shape (n, classes or labels).
        targets: as for `nncli.objectives.measure`.
    """
    from math import exp, log

    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return cross_entropy(target, logits / exp(logarithm), targets)

    widest = log(HOTTEST)
    return exp(minimize_scalar(loss, bounds=(-widest, widest), method="bounded").x)


def cross_entropy(target: Target, logits: NDArray[Any], targets: NDArray[Any]) -> float:
    """The mean over the examples, exact however large logits are: of labels the mean of each."""
    import numpy as np

    exact = logits.astype(np.float64)
    if isinstance(target, ClassTarget):
        largest = exact.max(axis=1)
        sums = largest + np.log(np.exp(exact - largest[:, np.newaxis]).sum(axis=1))
        return float((sums - exact[np.arange(len(exact)), targets]).mean())
    return float((np.logaddexp(0.0, exact) - exact * targets).mean())


def scaled(target: Target, logits: NDArray[Any], temperature: float) -> NDArray[np.float32]:
    """The probabilities that logits divided by `temperature` give."""
    import numpy as np

    exact = logits.astype(np.float64) / temperature
    if isinstance(target, ClassTarget):
        powers = np.exp(exact - exact.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares.astype(np.float32)
    chances: NDArray[np.float32] = np.exp(-np.logaddexp(0.0, -exact)).astype(np.float32)
    return chances


def _with_temperature(model: Any, target: Target, temperature: float) -> Any:
    """The model with a layer in front of its answer that divides by the temperature."""
    import keras

    logits = model.get_layer(ANSWER).input
    layer = keras.layers.Rescaling(1.0 / temperature, name=TEMPERATURE)
    calibrated = keras.Model(model.inputs, add_answer(layer(logits), target), name=model.name)
    compile_for_answers(calibrated, target)
    return calibrated

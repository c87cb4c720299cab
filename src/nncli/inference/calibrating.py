"""Making probabilities mean what they say: temperature scaling (Guo and others, 2017)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.data import Dataset, DatasetSettings, DigitsDataset, Split, TableDataset
from nncli.descriptions import ClassTarget, LabelsTarget, Target
from nncli.errors import DataError, ModelFileError, UsageError
from nncli.inference.answering import answers, logits_for_arrays
from nncli.inference.evaluated import Evaluation
from nncli.inference.matching import targets_by_name
from nncli.objectives import ANSWER, TEMPERATURE, add_answer, compile_for_answers
from nncli.objectives.calibration import calibration
from nncli.preprocessing import archive
from nncli.preprocessing.archive import ModelDescription
from nncli.runs import Calibrated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["calibrate", "check_calibration", "temperature_of", "validation_of"]

HOTTEST = 100.0
FITTED_ON = ("validation", "all")
JUDGED = "The temperature is fitted on a validation split and judged on another;"


def check_calibration(
    path: Path,
    description: ModelDescription | None,
    settings: DatasetSettings,
    split: str | None,
    output: Path,
) -> None:
    """Refuse what cannot be calibrated, as far as it is known before the data is there.

    Args:
        path: the model's file.
        description: what it says of itself; None if nncli did not make it.
        settings: the dataset that it is evaluated on.
        split: of it; None for the usual one.
        output: the new .keras file.

    Raises:
        UsageError: the model says values, nncli did not make it, it is judged on what it is fitted
            on, or `output` exists and is no calibrated model, which alone is replaced.
        ModelFileError: it has a temperature already.
        DataError: there is no validation split.
    """
    if description is None:
        raise UsageError(f"{path} was not made by nncli, which calibrates its own models.")
    target = description.target
    if not isinstance(target, ClassTarget | LabelsTarget):
        raise UsageError(f"The model says {target}: there are no probabilities to calibrate.")
    if output.exists() and not archive.has_layer(output, TEMPERATURE):
        raise UsageError(
            f"{output} exists, and was not written by calibrating.",
            hint="Name another file: a trained model is not replaced.",
        )
    if split in FITTED_ON:
        raise UsageError(
            f"{JUDGED} {split} has the examples of the first.", hint="Leave out --split."
        )
    if archive.has_layer(path, TEMPERATURE):
        raise ModelFileError(f"{path} is calibrated already.")
    # Of tables and digits all is known; other data may have been published with such a split.
    if isinstance(settings, TableDataset | DigitsDataset):
        own = getattr(settings, "validation_path", None)
        if not settings.division.validation and own is None:
            raise _no_validation(settings.label, "none")


def validation_of(dataset: Dataset, split: str) -> Split:
    """The split that a temperature is fitted on, to be judged on `split`.

    Raises:
        DataError: there is none, or it is what is evaluated.
    """
    found = dataset.splits.get("validation")
    if found is None or not len(found) or split in FITTED_ON:
        raise _no_validation(dataset.name, ", ".join(dataset.splits))
    return found


def _no_validation(name: str, splits: str) -> DataError:
    return DataError(
        f"{JUDGED} {name} has {splits}.",
        hint="Train with dataset.validation above 0, and leave out --split.",
    )


def calibrate(evaluation: Evaluation, output: Path) -> Calibrated:
    """Fit a temperature on the validation split, and save the model with it as a new file, which
    decides as before.

    Args:
        evaluation: of a model and split that `check_calibration` has nothing against.
        output: the new .keras file.

    Raises:
        DataError: there is no validation split.
        StorageError: the file cannot be written.
    """
    data, description = evaluation.data, evaluation.description
    assert description is not None  # `check_calibration` refuses others
    target = evaluation.target
    validation = validation_of(data.dataset, evaluation.split)
    logits = logits_for_arrays(evaluation.model, description)
    targets = targets_by_name(validation.labels, data.dataset, target)
    temperature = temperature_of(target, answers(logits, validation), targets)
    archive.save(_with_temperature(evaluation.model, target, temperature), output, description)
    said = answers(logits, data.split)
    both = [scaled(target, said, one) for one in (1.0, temperature)]
    errors = [calibration(target, one, evaluation.targets).ece for one in both]
    means = [cross_entropy(target, said / one, evaluation.targets) for one in (1.0, temperature)]
    return Calibrated(
        path=str(output),
        temperature=temperature,
        ece=(errors[0], errors[1]),
        crossentropy=(means[0], means[1]),
    )


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

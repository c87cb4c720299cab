"""One network, seen three ways: trained, answering on cached arrays, and saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nncli import models, preprocessing
from nncli.data import Dataset
from nncli.models import ModelSettings
from nncli.objectives import ANSWER, add_answer, compile_for_answers
from nncli.preprocessing.augmentation import Augmentation, augmented
from nncli.reporting import Reporter

__all__ = ["Networks", "build"]


@dataclass(frozen=True)
class Networks:
    """Keras models that share their weights.

    Attributes:
        trained: cached inputs -> what the network says (logits, or values standardized); the one
            with augmentation, which only training does.
        answering: cached inputs -> answers.
        saved: recorded inputs -> answers; what goes into `model.keras`.
        family: preprocessed inputs -> what the network says; what the family of models built.
    """

    trained: Any
    answering: Any
    saved: Any
    family: Any


def build(
    settings: ModelSettings,
    dataset: Dataset,
    augment: Augmentation | None,
    reporter: Reporter | None = None,
) -> Networks:
    """Build the network of `settings` for `dataset`, its preprocessing in front.

    Raises:
        UsageError: the family cannot see such inputs.
        ModelFileError: the file that it goes on from does not fit them.
        DataError: they cannot be augmented so.
    """
    import keras

    prepared, target = dataset.preprocessing, dataset.target
    features = preprocessing.features(prepared)
    if augment is not None:
        augment.check(dataset.name, dataset.inputs, features)
    network = models.build(settings, features, target, reporter)
    start = preprocessing.cached_input(prepared)
    seen = preprocessing.unpacked(prepared, start)
    answers = add_answer(network(seen), target)
    trained = keras.Model(start, network(augmented(augment, features, seen)))
    answering = keras.Model(start, answers)
    recorded, cached = preprocessing.front(prepared)
    saved = answering
    if recorded is not cached:
        seen = preprocessing.unpacked(prepared, cached)
        saved = keras.Model(recorded, answering.get_layer(ANSWER)(network(seen)))
    compile_for_answers(saved, target)
    return Networks(trained, answering, saved, network)

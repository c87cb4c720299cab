"""What augmentation makes of a dataset, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli import backend, data, preprocessing
from nncli.data.choosing import answer, spread
from nncli.data.dataset import Dataset
from nncli.data.mixing import mixing_of
from nncli.descriptions import ImageInput
from nncli.errors import UsageError
from nncli.files import open_atomically
from nncli.preprocessing.augmentation import Augmentation, augmented
from nncli.reporting import Reporter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_augmented"]

EXAMPLES = 5
TIMES = 5  # that each is drawn changed, beside the original


def draw_augmented(
    settings: data.DatasetSettings, path: Path, *, seed: int, reporter: Reporter
) -> None:
    """Draw a few training examples, each as it is and as training sees it in several epochs.

    Raises:
        UsageError: nothing is to be changed, or the examples are no pictures.
        DataError: the examples cannot be changed so.
        StorageError: the file cannot be written.
    """
    import numpy as np

    from nncli.drawing.grids import draw_grid

    if settings.augment is None:
        raise UsageError(
            "--augment draws what dataset.augment changes, and that says nothing.",
            hint="Say what, for example: --set dataset.augment.rotation=15",
        )
    backend.prepare()
    dataset = data.load(settings, seed=seed, reporter=reporter)
    features = preprocessing.features(dataset.preprocessing)
    settings.augment.check(dataset.name, dataset.inputs, features)
    if features.kind not in ("image", "spectrogram"):
        raise UsageError(f"--augment draws images and sound; {dataset.name} has {dataset.inputs}.")
    split = dataset.splits["train"]
    places = spread(dataset.target, split.labels, EXAMPLES)
    recorded = np.asarray(split.taking(places).examples)
    original, *changed = _seen(dataset, settings.augment, recorded, seed)
    titles, pictures = [], []
    for number, place in enumerate(places):
        titles += [answer(dataset.target, split.labels[place]), *[""] * TIMES]
        pictures += [original[number], *(pictures_of[number] for pictures_of in changed)]
    maximum = 1.0 if isinstance(dataset.inputs, ImageInput) else None
    heading = f"{dataset.name}: {', '.join(settings.augment.chosen)}"
    with open_atomically(path) as temporary:
        draw_grid(pictures, titles, heading, temporary, maximum=maximum, columns=1 + TIMES)


def _seen(
    dataset: Dataset, settings: Augmentation, recorded: NDArray[Any], seed: int
) -> list[NDArray[Any]]:
    """The network's view of examples from the cache: without a change, then `TIMES` changed."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(seed)
    prepared = dataset.preprocessing
    start = preprocessing.cached_input(prepared)
    plain = preprocessing.unpacked(prepared, start)
    features = preprocessing.features(prepared)
    model = keras.Model(start, [plain, augmented(settings, features, plain)])
    mixing = mixing_of(settings, seed, dataset.target)
    nothing = np.zeros((len(recorded), 1), np.float32)
    found = [np.asarray(model(recorded, training=False)[0])]
    for epoch in range(TIMES):
        mixed = recorded if mixing is None else mixing(recorded, (nothing,), epoch, 0)[0]
        changed = np.asarray(model(mixed, training=True)[1])
        found.append(np.clip(changed, 0, 1) if isinstance(dataset.inputs, ImageInput) else changed)
    return found

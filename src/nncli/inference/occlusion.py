"""Where in an image the answer comes from: what hiding a part of it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nncli.descriptions import ClassTarget, ImageInput, ValueTarget
from nncli.errors import ModelFileError, UsageError
from nncli.inference.answering import model_for_arrays
from nncli.inference.evaluated import Evaluation
from nncli.inference.out_of_fold import each_fold
from nncli.reporting import Reporter, SilentReporter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["OcclusionMap", "occlusion_maps"]

SHARE = 0.25  # of the shorter side that the square has
BATCH_BYTES = 32_000_000
MOST_IN_BATCH = 256


@dataclass(frozen=True)
class OcclusionMap:
    """What an answer hangs on.

    Attributes:
        place: of the example in the split that was evaluated.
        answer: the class that is said, or the most probable label, whose probability is looked at.
        probability: what the model gives it with the whole image, from 0 to 1.
        drops: how much of that is lost with each pixel hidden, shape (height, width), float32 from
            -1 to 1: the mean over the squares that hide it. Negative: surer without.
    """

    place: int
    answer: str
    probability: float
    drops: NDArray[np.float32]


def occlusion_maps(
    evaluation: Evaluation, places: Sequence[int], reporter: Reporter
) -> list[OcclusionMap]:
    """Slide a grey square over images, and see how the probability of the answer drops (Zeiler and
    Fergus, Visualizing and Understanding Convolutional Networks, 2014).

    The square has a quarter of the shorter side and moves by half of itself. Of a cross-validation
    it is hidden from the model that did not learn from the image.

    Args:
        evaluation: of models that nncli made, on images.
        places: which of the examples, counted in the split that was evaluated.
        reporter: told what is going on.

    Raises:
        UsageError: the model takes no images, or predicts values.
        ModelFileError: nncli did not make the model.

    Returns:
        In the order of `places`.
    """
    import numpy as np

    described = evaluation.description
    if described is None:
        raise ModelFileError(f"{evaluation.model_path} does not say which images it takes.")
    inputs, target = described.inputs, evaluation.target
    if not isinstance(inputs, ImageInput):
        raise UsageError(f"The model takes {inputs}, and no images.")
    if isinstance(target, ValueTarget):
        raise UsageError("The model predicts values, which have no probability to lose.")
    if evaluation.folds is not None:
        return _of_folds(evaluation, evaluation.folds, places, reporter)
    network = model_for_arrays(evaluation.model, described)
    split = evaluation.data.split
    images = split.taking(np.asarray(places, np.int64)).examples
    found = []
    with reporter.task("Hiding parts of images", total=len(images), unit="images") as task:
        for place, image in zip(places, images, strict=True):
            said = evaluation.answers[place]
            # Of several labels, which are all decided, the one that is most probable.
            is_class = isinstance(target, ClassTarget)
            answer = int(evaluation.decisions[place] if is_class else said.argmax())
            drops = _drops(network, image, answer, float(said[answer]), inputs.maximum)
            found.append(OcclusionMap(place, target.names[answer], float(said[answer]), drops))
            task.advance(1)
    return found


def _of_folds(
    evaluation: Evaluation, folds: int, places: Sequence[int], reporter: Reporter
) -> list[OcclusionMap]:
    import numpy as np

    stored = evaluation.data.split.indices
    assert stored is not None, "folds are parts of the training split"
    wanted = {int(stored[place]): place for place in places}
    found: dict[int, OcclusionMap] = {}
    with reporter.task("Hiding parts of images", total=folds, unit="folds") as task:
        for one in each_fold(evaluation):
            assert one.data.split.indices is not None
            own = np.flatnonzero(np.isin(one.data.split.indices, list(wanted)))
            for seen in occlusion_maps(one, own.tolist(), SilentReporter()):
                place = wanted[int(one.data.split.indices[seen.place])]
                found[place] = replace(seen, place=place)
            task.advance(1)
    return [found[place] for place in places]


def _drops(
    network: Any, image: NDArray[Any], answer: int, probability: float, maximum: float
) -> NDArray[np.float32]:
    import numpy as np

    height, width = image.shape[:2]
    side = max(1, round(SHARE * min(height, width)))
    corners = [(y, x) for y in _starts(height, side) for x in _starts(width, side)]
    total = np.zeros((height, width), np.float64)
    covered = np.zeros((height, width), np.int64)
    batch_size = max(1, min(MOST_IN_BATCH, BATCH_BYTES // max(image.nbytes, 1)))
    for start in range(0, len(corners), batch_size):
        part = corners[start : start + batch_size]
        hidden = np.repeat(image[None], len(part), axis=0)
        for number, (y, x) in enumerate(part):
            hidden[number, y : y + side, x : x + side] = maximum / 2
        said = np.asarray(network.predict(hidden, batch_size=len(hidden), verbose=0))[:, answer]
        for (y, x), left in zip(part, said.tolist(), strict=True):
            total[y : y + side, x : x + side] += probability - left
            covered[y : y + side, x : x + side] += 1
    return (total / covered).astype(np.float32)


def _starts(length: int, side: int) -> list[int]:
    """Where squares begin along a side of an image, so that the last ends with it."""
    step = max(1, side // 2)
    return sorted({*range(0, length - side + 1, step), length - side})

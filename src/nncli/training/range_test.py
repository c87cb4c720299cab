"""The learning-rate range test: a short training in which the rate grows until it is too large.

L. N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2015), with the exponential
growth, the running average and the early end of S. Gugger's version in fastai.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nncli.config import Experiment
from nncli.data.mixing import mixing_of
from nncli.data.pipelines import EpochOrder, Feed
from nncli.drawing.learning_rates import draw_range_test
from nncli.errors import TrainingError
from nncli.files import open_atomically
from nncli.optimizers.schedules import Schedule
from nncli.reporting import Reporter, SilentReporter
from nncli.training.fitting import compile_network
from nncli.training.folds import is_cross_validation
from nncli.training.memory import check_batch_size, explained_exhaustion
from nncli.training.preparing import Prepared, prepare
from nncli.training.range_curve import SMOOTHING, STILL, read, rounded

__all__ = ["RangeTest", "find_learning_rate"]

LOWEST_RATE, HIGHEST_RATE = 1e-7, 10.0
# 25 steps in which the rate grows tenfold: enough to tell a slope from noise.
STEPS = 200
# The test ends where the average is so many times its best.
DIVERGED = 4.0

Ending = Literal["diverged", "not_finite", "end_of_range"]


@dataclass(frozen=True)
class RangeTest:
    """What a range test found.

    Attributes:
        experiment: resolved, as it was given but for the learning rate.
        suggestion: the rate at which the loss falls fastest, two digits.
        careful: a tenth of the rate at which it is lowest, where that is smaller; or None.
        lowest: the rate at which it is lowest.
        ended: why the test ended: the average grew to four times its best, the loss was no number
            any more, or the range was over.
        rates, losses, smoothed: of each step the rate, the loss of its batch before the step, and
            the running average of the losses.
    """

    experiment: Experiment
    suggestion: float
    careful: float | None
    lowest: float
    ended: Ending
    rates: Sequence[float]
    losses: Sequence[float]
    smoothed: Sequence[float]


def find_learning_rate(
    experiment: Experiment, *, picture: Path | None = None, reporter: Reporter | None = None
) -> RangeTest:
    """Train what `experiment` describes for up to 200 steps, in which the learning rate grows from
    1e-7 to 10, and suggest a rate.

    Optimizer, loss, class weights, augmentation and batch size are those of the experiment; its
    schedule, its rate and averages of weights play no part. A smaller last batch is left out, for
    its loss is noise. Of a cross-validation the first fold is taken. Leaves nothing but `picture`
    and what is cached; the same experiment gets the same answer.

    Args:
        experiment: what would be trained.
        picture: where the curve is drawn, as a PNG.
        reporter: told what is going on; default: nobody.

    Raises:
        TrainingError: no rate makes the loss fall, or it is no number from the first step on.
        As `train`, but for what is found out later than in the first steps.
    """
    reporter = reporter or SilentReporter()
    if is_cross_validation(experiment):  # its folds are alike
        experiment = experiment.of_fold(1)
    prepared = prepare(experiment, reporter)
    _say_what_is_left_out(experiment, reporter)
    rates, losses, smoothed, ended = _measure(prepared, reporter)
    if not losses:
        raise TrainingError(
            "The loss is not a finite number in the first step already, at a learning rate of "
            f"{LOWEST_RATE:g}: no rate can help.",
            hint="Look at the data for values that are huge or missing: nncli data check",
        )
    found = read(rates, losses, smoothed)
    suggestion = None if found.steepest is None else rounded(found.steepest)
    careful = None if found.lowest is None else rounded(found.lowest / 10)
    if careful is not None and suggestion is not None and careful >= suggestion:
        careful = None
    if picture is not None:
        with open_atomically(picture) as path:
            draw_range_test(
                rates,
                losses,
                smoothed,
                path,
                title=prepared.experiment.run_name,
                suggestion=suggestion,
                careful=careful,
            )
    if suggestion is None or found.lowest is None:
        drawn = f"The curve is in {picture}. " if picture is not None else ""
        raise TrainingError(
            f"No learning rate made the loss fall: it was {found.start:.4g} at first and "
            f"{found.best:.4g} at its best.",
            hint=f"{drawn}Is there something to learn, and more than one answer? nncli data check\n"
            "Larger batches make the curve less noisy: --batch-size.",
        )
    return RangeTest(
        prepared.experiment,
        suggestion,
        careful,
        rounded(found.lowest),
        ended,
        rates,
        losses,
        smoothed,
    )


def _say_what_is_left_out(experiment: Experiment, reporter: Reporter) -> None:
    rate = experiment.optimizer.learning_rate
    if isinstance(rate, Schedule):
        reporter.notice(
            f"The schedule ({rate.type}) plays no part: what is looked for is its initial rate."
        )
    if experiment.optimizer.use_ema:
        reporter.notice("The averages of optimizer.use_ema play no part in the test.")


def _measure(
    prepared: Prepared, reporter: Reporter
) -> tuple[list[float], list[float], list[float], Ending]:
    """Rates, losses and their running average, and why there are no more."""
    model = prepared.networks.trained
    experiment = _one_step_a_call(prepared.experiment)
    settings = experiment.training
    examples = len(prepared.dataset.splits["train"])
    batch_size = min(settings.examples_per_step, examples)
    check_batch_size(model, batch_size)
    target = prepared.dataset.target
    mixing = mixing_of(experiment.dataset.augment, experiment.seed, target)
    compile_network(model, experiment, 1, target, mixing)
    feed, order = Feed(), EpochOrder(examples, experiment.seed)
    batches = feed.shuffled(
        prepared.dataset.encoded().splits["train"],
        batch_size,
        order,
        class_weights=prepared.weights,
        mixing=mixing,
    )
    endless = _endless(batches, order, examples // batch_size)
    accumulated = settings.gradient_accumulation_steps or 1
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    mean = 0.0
    with (
        reporter.task("Trying learning rates", total=STEPS, unit="steps") as task,
        explained_exhaustion(model, batch_size),
        feed.reading(),
    ):
        for step in range(STEPS):
            rate = LOWEST_RATE * (HIGHEST_RATE / LOWEST_RATE) ** (step / (STEPS - 1))
            loss = _loss_of_step(model, rate, itertools.islice(endless, accumulated))
            if not math.isfinite(loss):
                return rates, losses, smoothed, "not_finite"
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            rates.append(rate)
            losses.append(loss)
            smoothed.append(mean / (1 - SMOOTHING ** (step + 1)))  # it began with a 0
            if step > STILL and smoothed[-1] > DIVERGED * min(smoothed[STILL:]):
                return rates, losses, smoothed, "diverged"
            task.advance()
    return rates, losses, smoothed, "end_of_range"


def _one_step_a_call(experiment: Experiment) -> Experiment:
    """`experiment` with a rate that can be set before each step, and nothing that is not needed."""
    training = {"steps_per_execution": 1, "metrics": ()}
    optimizer = {"learning_rate": LOWEST_RATE, "use_ema": False}
    return experiment.model_copy(
        update={
            "training": experiment.training.model_copy(update=training),
            "optimizer": experiment.optimizer.model_copy(update=optimizer),
        }
    )


def _endless(batches: Any, order: EpochOrder, whole: int) -> Iterator[Any]:
    """The first `whole` batches of one epoch after the other, each in an order of its own."""
    for epoch in itertools.count():
        order.epoch = epoch
        # A `tf.data.Dataset`, or on JAX a `keras.utils.PyDataset`, which has no iterator.
        found = map(batches.__getitem__, range(whole)) if hasattr(batches, "gather") else batches
        yield from itertools.islice(found, whole)


def _loss_of_step(model: Any, rate: float, batches: Iterator[Any]) -> float:
    """Change the weights once, at `rate`; the mean loss of `batches` before that."""
    model.optimizer.learning_rate = rate
    losses = [model.train_on_batch(*batch, return_dict=True)["loss"] for batch in batches]
    return float(sum(losses)) / len(losses)

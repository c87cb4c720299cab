"""Weights that others have trained: whether they can be had, and getting them."""

from __future__ import annotations

from nncli import models
from nncli.data.network import is_offline, reachable
from nncli.descriptions import Features
from nncli.errors import ModelFileError
from nncli.models import ModelSettings
from nncli.models.application_table import Weights
from nncli.reporting import Reporter
from nncli.training import fetching_presets

__all__ = ["check_weights", "fetch_preset", "fetch_weights"]


def check_weights(settings: ModelSettings) -> None:
    """Before anything slow is done, refuse a model whose weights cannot be had.

    Raises:
        NotFoundError: a file of weights or a preset that is named does not exist.
        UsageError: a package that the model needs is not installed.
        ModelFileError: they are not on this machine, and the network is not there.
    """
    models.check(settings)
    preset = models.wanted_preset(settings)
    if preset is not None and preset[1]:
        fetching_presets.check(*preset)
    wanted = models.wanted_weights(settings)
    if wanted and not any(weights.place.is_file() for weights in wanted):
        _check_reachable(wanted[-1])


def fetch_preset(settings: ModelSettings, reporter: Reporter) -> None:
    """Download what is missing of the preset that `settings` need, into KerasHub's folder; that it
    can be had, `check_weights` has found out.

    Raises:
        ModelFileError: it cannot be had.
    """
    fetched: list[str] = []
    while (wanted := models.wanted_preset(settings)) is not None:
        preset, missing = wanted
        left = [name for name in missing if name not in fetched]
        if not left:
            return
        fetching_presets.fetch(preset, left[0], reporter)
        fetched.append(left[0])  # what a tokenizer consists of is known when it has been fetched


def fetch_weights(settings: ModelSettings, inputs: Features, reporter: Reporter) -> None:
    """Download the weights that `settings` need for such inputs, into Keras's folder.

    Raises:
        ModelFileError: they cannot be had, or what came is damaged.
    """
    for weights in models.wanted_weights(settings, inputs):
        if weights.place.is_file():
            continue
        _check_reachable(weights)
        import keras

        with reporter.task(f"Downloading {weights.file}"):
            try:
                keras.utils.get_file(
                    weights.file, weights.address, cache_subdir="models", file_hash=weights.hash
                )
            except Exception as error:  # Keras wraps everything that may happen in this one
                raise ModelFileError(
                    f"{weights.address} cannot be downloaded: {error}", hint=_way_out(weights)
                ) from error


def _check_reachable(weights: Weights) -> None:
    if not reachable([weights.address]):
        why = "and the network is not to be used" if is_offline() else "and cannot be downloaded"
        raise ModelFileError(
            f"The weights that were learned on ImageNet are not on this machine, {why}.",
            hint=_way_out(weights),
        )


def _way_out(weights: Weights) -> str:
    return (
        f"Get {weights.address}\n"
        f"on a machine with a network, and put it there: {weights.place}\n"
        f"or name it: --set model.weights={weights.file}\n"
        "Or begin at random: --set model.weights=none"
    )

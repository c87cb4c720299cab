"""Presets of KerasHub: whether they can be had, and getting them."""

from __future__ import annotations

from collections.abc import Sequence

from nncli.data.network import is_offline, reachable
from nncli.errors import ModelFileError
from nncli.models.hub_presets import Preset
from nncli.reporting import Reporter, listed

__all__ = ["check", "fetch"]

HOST = "https://www.kaggle.com/"


def check(preset: Preset, missing: Sequence[str]) -> None:
    """Refuse a preset of which files are missing that cannot be had.

    Raises:
        ModelFileError: it is a folder of one's own, or the network is not there.
    """
    if preset.handle is None:
        raise ModelFileError(
            f"model.preset: there is no {listed(list(missing))} in {preset.folder}.",
            hint="Name a file of weights, or begin at random: --set model.weights=none",
        )
    if not reachable([HOST]):
        why = "and the network is not to be used" if is_offline() else "and cannot be downloaded"
        raise ModelFileError(
            f"The preset {preset.name} of KerasHub is not on this machine, {why}.",
            hint=_way_out(preset),
        )


def fetch(preset: Preset, name: str, reporter: Reporter) -> None:
    """Download a file of a preset, into KerasHub's folder.

    Raises:
        ModelFileError: it cannot be had.
    """
    import kagglehub

    with reporter.task(f"Downloading {name} of {preset.name}"):
        try:
            kagglehub.model_download(preset.handle, name)
        except Exception as error:  # it passes on whatever the network raises
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelFileError(
                f"{name} of {preset.name} cannot be downloaded: {reason}",
                hint=_way_out(preset),
            ) from error


def _way_out(preset: Preset) -> str:
    return (
        f"On a machine with a network get {listed(preset.files(), most=8)} of\n"
        f"{preset.address}\n"
        f"and name the folder with them: --set model.preset=./{preset.name}\n"
        f"(Or copy the folder {preset.folder.parent} from a machine that has used it.)"
    )

"""Units of values, which are said and never computed with."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nncli.data.naming import meant
from nncli.descriptions import Target, ValueTarget
from nncli.errors import DataError
from nncli.reporting import listed
from nncli.settings import Settings

__all__ = ["Measured", "in_units"]

Unit = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Measured(Settings):
    """Of a source that can have values: what they are measured in."""

    unit: Unit | dict[str, Unit] | None = Field(
        default=None,
        description=(
            "Unit of the values to predict, such as USD, or of several: {height: cm, mass: g}; "
            "said beside them and their errors, changes no number."
        ),
    )


def in_units(settings: Settings, target: Target) -> Target:
    """`target` with the units that the settings of its dataset name; a cached target has those of
    whoever cached it.

    Raises:
        DataError: it has no values, or not that one.
    """
    unit = settings.unit if isinstance(settings, Measured) else None
    if not isinstance(target, ValueTarget):
        if unit is not None:
            raise DataError(
                f"dataset.unit is about values, and the target is {target}.",
                hint="Leave dataset.unit out.",
            )
        return target
    units = unit if isinstance(unit, dict) else dict.fromkeys(target.names if unit else (), unit)
    for name in units:
        if name not in target.names:
            raise DataError(
                f"dataset.unit: {name!r} is no target.",
                hint=f"{meant(name, target.names)}Targets are {listed(target.names)}.",
            )
    return target.model_copy(update={"units": units})

"""What goes into a model and what comes out: plain values that travel inside a .keras file.

An *input* describes the typed arrays that a loader makes of files; *features* describe what the
network sees of them, behind the preprocessing; a *target* describes what it must say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from nncli.settings import Settings

__all__ = [
    "TASKS",
    "ArrayInput",
    "Block",
    "ClassTarget",
    "Column",
    "ColumnKind",
    "FeatureKind",
    "Features",
    "ImageInput",
    "Input",
    "LabelsTarget",
    "SoundInput",
    "TableInput",
    "Target",
    "TextInput",
    "ValueTarget",
    "in_unit",
    "units_of",
]

Size = Annotated[int, Field(ge=1)]
Names = Annotated[tuple[str, ...], Field(strict=False)]
Numbers = Annotated[tuple[float, ...], Field(strict=False)]
ColumnKind = Literal["number", "category", "text", "date"]
FeatureKind = Literal["image", "spectrogram", "vector", "sequence", "tokens"]


class ImageInput(Settings):
    """One decoded image: numbers from 0 to `maximum`, in the order height, width, channels."""

    kind: Literal["image"] = "image"
    shape: Annotated[tuple[Size | None, Size | None, Size], Field(strict=False)] = Field(
        description="Height, width and channels; null where it differs from image to image."
    )
    maximum: float = Field(default=255.0, gt=0, description="The largest value a pixel can have.")

    @property
    def varies(self) -> bool:
        """Whether images of any size go in: theirs differ, or all are brought to one."""
        return None in self.shape

    @property
    def dtype(self) -> str:
        """The integer type that recorded pixels have."""
        return "uint8" if self.maximum <= 255 else "uint16"

    def __str__(self) -> str:
        size = " x ".join(map(str, self.shape))
        if self.varies:
            channels = self.shape[-1]
            size = f"any size, {channels} channel{'s' * (channels != 1)}"
        return f"images of {size} (values 0 to {self.maximum:g})"


class Column(Settings):
    """One column of a table."""

    name: str = Field(description="As the file calls it.")
    kind: ColumnKind = Field(
        description="number and date are float32 with NaN for missing, a date in days since 1970; "
        "category and text are strings with '' for missing."
    )


class TableInput(Settings):
    """One row of a table, given as a mapping of column names to values."""

    kind: Literal["table"] = "table"
    columns: Annotated[tuple[Column, ...], Field(strict=False)] = Field(
        min_length=1, description="The columns, in the order of the file."
    )

    def __str__(self) -> str:
        count = len(self.columns)
        return f"rows of {count:,} column{'s' * (count != 1)}"


class TextInput(Settings):
    """One text, a string."""

    kind: Literal["text"] = "text"

    def __str__(self) -> str:
        return "texts"


class SoundInput(Settings):
    """One recording: mono float32 from -1 to 1, of any length."""

    kind: Literal["sound"] = "sound"
    sample_rate: int = Field(ge=1, description="Samples a second.")

    def __str__(self) -> str:
        return f"sound of {self.sample_rate:,} samples a second"


class ArrayInput(Settings):
    """Numbers in a fixed shape, float32."""

    kind: Literal["array"] = "array"
    shape: Annotated[tuple[Size, ...], Field(strict=False)] = Field(
        min_length=1, description="Shape of one example."
    )

    def __str__(self) -> str:
        plural = "s" * (self.shape != (1,))
        return f"arrays of {' x '.join(map(str, self.shape))} number{plural}"


Input = Annotated[
    ImageInput | TableInput | TextInput | SoundInput | ArrayInput, Field(discriminator="kind")
]


class Block(Settings):
    """Neighbours in a vector that stand for one column: a 1 for its category, or for each of its
    words, and 0 elsewhere."""

    start: int = Field(ge=0, description="Place of the first.")
    width: int = Field(ge=1, description="How many they are.")


class Features(Settings):
    """What a network sees: the preprocessed input of one example.

    `image`: float32 (height, width, channels); `spectrogram`: float32 (frequencies, frames, 1), a
    picture whose second axis is time; `vector`: float32 (n,), or more axes without a meaning;
    `sequence`: float32 (steps, channels); `tokens`: int32 (length,), below `vocabulary`, texts
    that are shorter filled with `padding`. Of a vector, `categories` says where the categories and
    words of a table are, in their order; all else are numbers.
    """

    kind: FeatureKind
    shape: Annotated[tuple[Size, ...], Field(strict=False)]
    vocabulary: int | None = None
    padding: int = 0
    categories: tuple[Block, ...] = ()


class ClassTarget(Settings):
    """One of several classes, given as an integer index into `names`."""

    kind: Literal["class"] = "class"
    names: Names = Field(
        min_length=2, description="The names of the classes, in the order of their indices."
    )

    def __str__(self) -> str:
        return f"one of {len(self.names)} classes"


class LabelsTarget(Settings):
    """Any number of labels at once, given as a 0 or 1 for each of `names`."""

    kind: Literal["labels"] = "labels"
    names: Names = Field(min_length=1, description="The names of the labels, in their order.")

    def __str__(self) -> str:
        return f"any of {len(self.names)} label{'s' * (len(self.names) != 1)}"


class ValueTarget(Settings):
    """One or more real values; the network is trained on (value - mean) / deviation."""

    kind: Literal["value"] = "value"
    names: Names = Field(min_length=1, description="The names of the values, in their order.")
    means: Numbers = Field(default=(), description="Mean of each value over the training split.")
    deviations: Numbers = Field(
        default=(), description="Standard deviation of each value over the training split."
    )
    units: dict[str, str] = Field(
        default={}, description="What values are measured in, by their names, where that is known."
    )

    @property
    def unit(self) -> str:
        """What all values are measured in; empty if they differ or it is not known."""
        units = {self.units.get(name, "") for name in self.names}
        return units.pop() if len(units) == 1 else ""

    def __str__(self) -> str:
        what = "a value" if len(self.names) == 1 else f"{len(self.names)} values"
        return f"{what} in {self.unit}" if self.unit else what


def units_of(target: Target) -> dict[str, str]:
    """What the values of a target are measured in, by their names, as far as it is known."""
    return target.units if isinstance(target, ValueTarget) else {}


def in_unit(name: str, units: Mapping[str, str]) -> str:
    """`height (cm)`: a heading of numbers, with what they are measured in if that is known."""
    return f"{name} ({units[name]})" if name in units else name


Target = Annotated[ClassTarget | LabelsTarget | ValueTarget, Field(discriminator="kind")]
# What each kind of target is called where people choose: `dataset.task`, and in messages.
TASKS = {"class": "classes", "labels": "labels", "value": "values"}

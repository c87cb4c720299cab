"""What goes into a model and what comes out: plain values that travel inside a .keras file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nncli.settings import Settings

__all__ = ["ClassTarget", "ImageInput"]

Size = Annotated[int, Field(ge=1)]


class ImageInput(Settings):
    """One decoded image: numbers from 0 to `maximum`, in the order height, width, channels."""

    kind: Literal["image"] = "image"
    shape: Annotated[tuple[Size | None, Size | None, Size], Field(strict=False)] = Field(
        description="Height, width and channels; null where it differs from image to image."
    )
    maximum: float = Field(default=255.0, gt=0, description="The largest value a pixel can have.")

    @property
    def varies(self) -> bool:
        """Whether the images have different sizes."""
        return None in self.shape

    @property
    def dtype(self) -> str:
        """The integer type that recorded pixels have."""
        return "uint8" if self.maximum <= 255 else "uint16"

    def __str__(self) -> str:
        size = " x ".join("any" if side is None else str(side) for side in self.shape)
        return f"images of {size} (values 0 to {self.maximum:g})"


class ClassTarget(Settings):
    """One of several classes, given as an integer index into `names`."""

    kind: Literal["class"] = "class"
    names: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        min_length=2, description="The names of the classes, in the order of their indices."
    )

    def __str__(self) -> str:
        return f"one of {len(self.names)} classes"

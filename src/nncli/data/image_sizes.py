"""To which size images are brought where nobody says it."""

from __future__ import annotations

from typing import Any

from nncli.data.inputs import InputSettings
from nncli.reporting import Reporter

__all__ = ["DEFAULT_IMAGE_SIZE", "DONE", "SIZE_OPTION", "is_kept", "size_of"]

DEFAULT_IMAGE_SIZE = (64, 64)
# Images of one size and more pixels than this are photographs: a batch of them fills the memory.
LARGEST_KEPT = 256 * 256
# What each `dataset.resize` does, in words, and what says another size.
DONE = {"stretch": "stretched", "crop": "cropped", "pad": "padded"}
SIZE_OPTION = "--set 'dataset.image_size=[128, 128]'"


def is_kept(height: int | None, width: int | None) -> bool:
    """Whether images keep their size, which is None where it differs from one to the next."""
    return height is not None and width is not None and height * width <= LARGEST_KEPT


def size_of(
    settings: InputSettings,
    name: str,
    own: tuple[int | None, int | None],
    reporter: Reporter,
) -> tuple[tuple[int, int] | None, dict[str, Any]]:
    """Height and width that images are brought to, None for their own; and the setting that says
    so, where it was chosen here.

    Args:
        settings: what was said about it.
        name: of the dataset.
        own: height and width of all images, None where they differ.
        reporter: told what was chosen.
    """
    if settings.image_size is not None:
        return settings.image_size, {}
    if is_kept(*own):
        return None, {}
    size = DEFAULT_IMAGE_SIZE
    sizes = "different sizes" if None in own else f"{own[0]} x {own[1]} pixels"
    reporter.notice(
        f"{name}: images of {sizes} are {DONE[settings.resize]} to {size[0]} x {size[1]}. To see "
        f"more of them: {SIZE_OPTION}"
    )
    return size, {"image_size": size}

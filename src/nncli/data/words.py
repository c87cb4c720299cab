"""Texts that YAML takes for numbers: a column called 2021, -999 for what is missing."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

__all__ = ["Word", "Words"]


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value) if isinstance(value, int) else value


def _as_texts(value: Any) -> Any:
    """The same of several. What is no text is refused here: of the types in a union pydantic would
    say what each of them wants."""
    if value is None:
        return None
    several = isinstance(value, list | tuple)
    texts = [_as_text(each) for each in (value if several else [value])]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError("must be a name, or several: [a, b]")
    return tuple(texts) if several else texts[0]


Word = Annotated[str, BeforeValidator(_as_text)]
Words = Annotated[
    Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | str | None,
    BeforeValidator(_as_texts),
]

"""Examples on the page: pictures, texts, rows and sound with what was said about them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

from nncli.runs.report.content import Example
from nncli.runs.report.words import isolated

__all__ = ["gallery", "plain"]


def gallery(examples: Sequence[Example]) -> str:
    """A list of examples."""
    kind = ""
    if any(one.words or one.sound is not None for one in examples):
        kind = " recordings"
    elif any(one.hidden is not None for one in examples):
        kind = " pairs"
    return f'<ul class="examples{kind}">{"".join(map(_item, examples))}</ul>'


def plain(example: Example) -> dict[str, Any]:
    """The same for the script of the page: what is not there is left out."""
    found: dict[str, Any] = {"truth": example.truth, "answer": example.answer}
    if example.confidence is not None:
        found["sure"] = _sure(example.confidence)
    if example.picture is not None:
        found["picture"] = _picture(example.picture)
    if example.sound is not None:
        found["sound"] = _sound(example.sound)
    if example.is_suspected:
        found["suspected"] = True
    found |= {key: text for key, text in (("words", example.words), ("name", example.name)) if text}
    return found


def _item(one: Example) -> str:
    sure = "" if one.confidence is None else f", {_sure(one.confidence)}"
    said = escape(f"is {one.truth}, answer {one.answer}{sure}")
    parts = []
    if one.picture is not None or one.hidden is not None:
        images = "".join(
            f'<img alt="{alt}" src="{_picture(picture)}">'
            for picture, alt in ((one.picture, said), (one.hidden, "what the answer hangs on"))
            if picture is not None
        )
        parts.append(f'<div class="pictures">{images}</div>')
    if one.sound is not None:
        parts.append(f'<audio controls preload="none" aria-label="{said}" '
                     f'src="{_sound(one.sound)}"></audio>')  # fmt: skip
    if one.words:
        parts.append(f'<p class="recorded" dir="auto">{escape(one.words)}</p>')
    percent = "" if one.confidence is None else f" <span>{_sure(one.confidence)}</span>"
    parts.append(
        f'<p class="said"><span class="label">is</span> {isolated(one.truth)}<br>'
        f'<span class="label">answer</span> {isolated(one.answer)}{percent}</p>'
    )
    if one.is_suspected:
        parts.append('<p class="suspected">The label may be wrong</p>')
    if one.name:
        parts.append(f'<p class="source">{isolated(one.name)}</p>')
    return f"<li>{''.join(parts)}</li>"


def _sure(confidence: float) -> str:
    """In percent; what is not quite sure does not say 100 %."""
    return "over 99.9 %" if 0.9995 <= confidence < 1 else f"{100 * confidence:.1f} %"


def _picture(content: bytes) -> str:
    kind = "jpeg" if content.startswith(b"\xff\xd8") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _sound(content: bytes) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(content).decode()}"

"""What is known of the families without TensorFlow."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, get_args

import pytest

from nncli import models
from nncli.descriptions import ClassTarget, Features
from nncli.errors import NncliError, NotFoundError, UsageError
from nncli.models import CnnModel, MlpModel, ModelSettings, TabularModel, TextCnnModel, layer_table
from nncli.models.listing import INPUTS, catalogue, family

MEMBERS = get_args(get_args(ModelSettings)[0])
SHAPES: dict[str, tuple[int, ...]] = {
    "image": (9, 8, 3), "spectrogram": (9, 8, 1), "vector": (7,), "sequence": (6, 3),
    "tokens": (6,),
}  # fmt: skip
KINDS = get_args(Features.model_fields["kind"].annotation)


def test_every_type_of_the_union_is_listed_with_all_its_keys_and_their_defaults() -> None:
    listed = {one.type: one for one in catalogue()}
    assert list(listed) == [member.model_fields["type"].default for member in MEMBERS]
    for member in MEMBERS:
        one = listed[member.model_fields["type"].default]
        assert one.description and one.takes
        fields = {key: field for key, field in member.model_fields.items() if key != "type"}
        assert [setting.name for setting in one.settings] == list(fields)
        for setting in one.settings:
            field = fields[setting.name]
            assert setting.description == field.description
            assert setting.needed == field.is_required()
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            assert setting.needed or setting.default == default
            assert setting.value


def test_what_a_key_may_hold_is_said_in_words() -> None:
    values = {setting.name: setting.value for setting in family("mlp").settings}
    assert values["hidden_units"] == "list of whole numbers from 1 to 1,000,000"
    assert values["dropout"] == "number from 0 below 1"
    assert values["activation"].startswith("relu, gelu, ")


@pytest.mark.parametrize(
    "settings", [MlpModel(), CnnModel(), TextCnnModel(), TabularModel()], ids=lambda one: one.type
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_family_takes_what_it_says_and_refuses_all_else(settings: Any, kind: Any) -> None:
    words = 20 if kind == "tokens" else None
    features = Features(kind=kind, shape=SHAPES[kind], vocabulary=words)
    target = ClassTarget(names=("a", "b"))
    if INPUTS[kind] in family(settings.type).takes:
        assert models.build(settings, features, target).output_shape == (None, 2)
    else:
        with pytest.raises(UsageError):
            models.build(settings, features, target)


def test_the_layers_of_a_list_are_named() -> None:
    assert family("layers").layers == layer_table.layer_names()
    assert not family("mlp").layers


def test_plug_ins_are_listed_and_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [EntryPoint("wide", "no_such_module:build", "nncli.models")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    last = catalogue()[-1]
    assert (last.type, last.function) == ("wide", "no_such_module:build")
    with pytest.raises(NncliError, match="no_such_module:build failed: ModuleNotFoundError"):
        family("wide")


PLUG_IN = """
import functools


def build(inputs, target, *, width, sizes: tuple[int, int] = (3, 7), place: Path = "here"):
    'Wide layers.'


def decorated(function):
    return functools.wraps(function)(lambda *arguments: None)


made = decorated(build)
"""


@pytest.mark.parametrize(("function", "imports"), [("build", False), ("made", True)])
def test_a_plug_in_that_is_asked_for_by_name_shows_its_settings(
    monkeypatch: pytest.MonkeyPatch, function: str, imports: bool
) -> None:
    text = f"from pathlib import Path\n{PLUG_IN}"
    Path("wide_plug_in.py").write_text(text)
    monkeypatch.syspath_prepend(Path.cwd())
    offered = [EntryPoint("wide", f"wide_plug_in:{function}", "nncli.models")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    assert not catalogue()[-1].settings
    assert "wide_plug_in" not in sys.modules
    found = family("wide")
    assert ("wide_plug_in" in sys.modules) == imports
    monkeypatch.delitem(sys.modules, "wide_plug_in", raising=False)
    assert found.description == "Wide layers."
    settings = [(one.name, one.value, one.default, one.needed) for one in found.settings]
    path = "pathlib.Path" if imports else "Path"
    assert settings == [
        ("width", "whatever the function takes", None, True),
        ("sizes", "list of whole numbers", [3, 7], False),
        ("place", path, "here", False),
    ]


def test_a_family_that_does_not_exist_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="no type of model 'ccn'; did you mean cnn") as caught:
        family("ccn")
    assert caught.value.hint is not None and "mlp, cnn, " in caught.value.hint

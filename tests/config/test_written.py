"""The quick reading of experiments that nncli wrote itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from nncli.config import load_experiment, plain_values, written
from nncli.config.yaml import dump, parse

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
TEXTS = [
    "a: '7'\nb: '1e5'\nc: 'it''s'\nd: 'null'\n",
    "a: 007\nb: .5\nc: 0x1F\nd: 1e3\ne: -2.\n",
    "a: 100MB\nb: 0xFF\nc: 5E\nd: 1E3\n",
    "a: True\nb: ~\nc:\nd: x # said beside\n",
    "a:\n- 1\n- two\nb:\n  c:\n  - true\n  d: 1\n",
    "a:\n- b: 1\n  c: 2\n",
    "a: some words\n  that go on\nb: 1\n",
    "a: [1, 2]\nb: {c: 3}\n",
    f"a:\n  path: \n    /{'long/' * 30}\n",
    'a: "x\\n"\nb: |\n  text\n',
]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_resolved_experiment_is_read_as_the_parser_reads_it(path: Path) -> None:
    text = "# A comment.\n" + dump(plain_values(load_experiment([path])))
    whole = parse(text.encode()).value
    assert whole["model"]["type"]
    assert written.experiment_values(text) == whole
    assert written.model_type(text) in (whole["model"]["type"], None)


def test_the_usual_experiment_needs_no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    text = dump(plain_values(load_experiment([])))
    monkeypatch.setattr(written, "parse", lambda text: pytest.fail("it was parsed"))
    assert written.experiment_values(text)["model"]["hidden_units"] == [128]


def test_settings_are_the_values_by_dotted_keys() -> None:
    text = dump(plain_values(load_experiment([CONFIGS[0]])))
    values, settings = written.experiment_values(text), written.experiment_settings(text)
    for key, value in settings.items():
        found = values
        for part in key.split("."):
            found = found[part]
        assert found == value and (not value or not isinstance(value, dict))
    assert "training.epochs" in settings and "training" not in settings
    assert written.experiment_settings("a: {b: 1}\nc: |\n  x\n") == {"a.b": 1, "c": "x\n"}


def test_what_experiments_have_in_common_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = plain_values(load_experiment([CONFIGS[0]]))
    written.experiment_values(dump(experiment))
    keys = []
    monkeypatch.setattr(written, "_scalar", lambda text: keys.append(text) or text)
    other = dump({**experiment, "name": "another"})
    assert written.experiment_values(other)["name"] == "another"
    assert keys == ["another"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_people_changed_means_what_it_means_in_yaml(text: str) -> None:
    assert written.experiment_values(text) == parse(text.encode()).value


@pytest.mark.parametrize("text", ["", "5", "- 1\n", "a: [", "\x00", "a: 1\na: 2\n"])
def test_what_is_no_experiment_has_no_model(text: str) -> None:
    assert "model" not in written.experiment_values(text)
    assert written.model_type(text) is None

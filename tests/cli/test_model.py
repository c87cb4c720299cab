"""`nncli model list` and `show`."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from nncli.models.listing import catalogue

DIGITS = ["model", "show", "--dataset", "digits"]
JOINED = """
import keras


def build(inputs, target):
    start = keras.Input(inputs.shape, name="a_start_with_quite_a_long_name")
    features = keras.layers.Flatten(name="flatten_with_quite_a_long_name")(start)
    one = keras.layers.Dense(64, name="dense_with_a_name_that_is_even_longer")(features)
    return keras.Model(start, one + features)
"""


def lines(result: Any, width: int) -> list[str]:
    """What was printed, none of it wider than the terminal or coloured."""
    assert result.exit_code == 0, result.stderr
    assert "\x1b" not in result.stdout
    found: list[str] = result.stdout.splitlines()
    assert max(map(cell_len, found)) <= width
    return found


@pytest.mark.parametrize("width", [80, 50])
def test_list_has_every_family_and_its_settings(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    shown = lines(run_cli(["model", "list"]), width)
    for family in catalogue():
        assert any(line.startswith(f"{family.type} ") for line in shown)
        one = lines(run_cli(["model", "list", family.type]), width)
        assert one[0].startswith(f"{family.type}: ")
        for setting in family.settings:
            [line] = [line for line in one if line.startswith(f"{setting.name}  ")]
            assert ("has no default" in line) == setting.needed
    assert "dropout  default 0.25" in run_cli(["model", "list", "cnn"]).stdout
    assert "hidden_units  default [128]" in run_cli(["model", "list", "mlp"]).stdout


def test_list_has_the_layers_of_a_list(run_cli: Any) -> None:
    words = run_cli(["model", "list", "layers"]).stdout.replace(",", "").split()
    assert {"Conv2D", "BatchNormalization", "LSTM", "ZeroPadding3D"} <= set(words)


def test_list_as_json(run_cli: Any) -> None:
    families = json.loads(run_cli(["model", "list", "--json"]).stdout)
    assert [family["type"] for family in families] == [family.type for family in catalogue()]
    mlp = json.loads(run_cli(["model", "list", "mlp", "--json"]).stdout)
    assert mlp in families
    [units] = [one for one in mlp["settings"] if one["name"] == "hidden_units"]
    assert units["default"] == [128] and units["value"].startswith("list of whole numbers")


def test_list_names_plug_ins_and_what_they_call(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = [EntryPoint("wide", "no_such_module:build", "nncli.models")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: offered)
    assert "no_such_module:build (a plug-in)" in run_cli(["model", "list"]).stdout
    missing = run_cli(["model", "list", "wide"])
    assert missing.exit_code == 1
    assert "no_such_module:build failed: ModuleNotFoundError" in missing.stderr
    offered[0] = EntryPoint("wide", "joined_plug_in:build", "nncli.models")
    Path("joined_plug_in.py").write_text(JOINED.replace("target)", "target, *, width: int = 64)"))
    monkeypatch.syspath_prepend(Path.cwd())
    shown = run_cli(["model", "list", "wide"]).stdout.splitlines()
    assert shown[1:] == [
        "It calls joined_plug_in:build, whose arguments are its settings.",
        "",
        "width  default 64",
        "  whole number",
    ]


def test_an_unknown_family_is_known_from_the_arguments(run_cli: Any) -> None:
    result = run_cli(["model", "list", "ccn"])
    assert result.exit_code == 2
    assert "did you mean cnn?" in result.stderr


@pytest.mark.usefixtures("shared_cache")
@pytest.mark.parametrize("width", [80, 50])
def test_show_has_a_line_for_each_layer_and_the_totals(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    shown = lines(run_cli([*DIGITS, "--model", "cnn"]), width)
    assert shown[0] == "cnn for digits"
    rows = {line.split()[0]: line.split() for line in shown if line}
    kind = ["Conv2D"] if width == 80 else []
    assert rows["convolution_2"][1:] == [*kind, "4", "x", "4", "x", "64", "18,496", "85", "%"]
    assert rows["parameters"][1:] == ["53,002,", "all", "of", "them", "trained;", "212.0", "kB"]
    text = " ".join(" ".join(shown).split())
    assert "in front images of 8 x 8 x 1 (values 0 to 16): scaled to 0 ... 1" in text
    assert "behind softmax: a probability for each of 10 classes" in text
    assert "a training step of 128 examples about" in text


@pytest.mark.usefixtures("shared_cache")
def test_show_says_where_a_branch_comes_from(run_cli: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    Path("joined.py").write_text(JOINED)
    shown = lines(run_cli([*DIGITS, "--set", "model={type: python, build: joined.py:build}"]), 80)
    [joined] = [line for line in shown if " + " in line]
    assert " + flatten_w" in joined and " Add " in joined


@pytest.mark.usefixtures("shared_cache")
def test_show_as_json(run_cli: Any) -> None:
    result = run_cli([*DIGITS, "--hidden-units", "20", "--json"])
    document = json.loads(result.stdout)
    assert document["parameters"] == 1_510
    assert document["flops"] == 2 * (64 * 20 + 20 * 10)
    assert [layer["name"] for layer in document["layers"]] == [
        "input", "flatten", "hidden_1", "logits",
    ]  # fmt: skip
    assert document["layers"][2]["sources"] == ["flatten"]
    assert document["layers"][2]["shape"] == [20]


@pytest.mark.usefixtures("shared_cache")
@pytest.mark.parametrize("name", ["mlp.png", "mlp.SVG"])
def test_show_draws(run_cli: Any, name: str) -> None:
    result = run_cli([*DIGITS, "--picture", name])
    assert result.stdout.splitlines()[-1] == f"Picture: {name}"
    begins = {"mlp.png": b"\x89PNG", "mlp.SVG": b"<?xml"}[name]
    assert Path(name).read_bytes().startswith(begins)
    quiet = run_cli([*DIGITS, "--picture", f"again-{name}", "--quiet"])
    assert (quiet.stdout, quiet.stderr) == ("", "")
    assert Path(f"again-{name}").is_file()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mlp.jpg", "must end in .png or .svg"),
        ("no/such/folder/mlp.png", "no folder no/such/folder"),
    ],
)
def test_a_picture_that_cannot_be_is_refused_before_anything_is_loaded(
    name: str, said: str
) -> None:
    code = (
        "import sys\nfrom nncli.cli import main\n"
        f"assert main({[*DIGITS, '--picture', name]!r}) == 2\n"
        "assert 'keras' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert said in done.stderr


@pytest.mark.usefixtures("shared_cache")
def test_what_does_not_fit_gets_the_sentence_of_train(run_cli: Any) -> None:
    rows = "\n".join(f"{n},{n % 7},{'ab'[n % 2]}" for n in range(40))
    Path("rows.csv").write_text(f"one,two,answer\n{rows}\n")
    options = ["--dataset", "rows.csv", "--set", "dataset.target=answer", "--model", "cnn"]
    shown, trained = run_cli(["model", "show", *options]), run_cli(["train", *options])
    assert shown.exit_code == trained.exit_code == 2
    assert "model: cnn" in shown.stderr
    assert shown.stderr.splitlines()[-2:] == trained.stderr.splitlines()[-2:]

"""`nncli config` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nncli.config import load_experiment
from nncli.config.schema import experiment_schema, schema_file

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


def test_init_writes_a_file_that_is_what_it_says(run_cli: Any) -> None:
    result = run_cli(["config", "init", "--dataset", "digits", "--model", "cnn", "mine.yaml"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Wrote mine.yaml. Run it: nncli train -c mine.yaml\n"
    text = Path("mine.yaml").read_text()
    assert text.startswith(f"# yaml-language-server: $schema={schema_file()}\n")
    experiment = load_experiment([Path("mine.yaml")])
    assert (experiment.dataset.type, experiment.model.type) == ("digits", "cnn")
    for key in ("filters:", "kernel_size:", "learning_rate:", "epochs:", "monitor:", "seed:"):
        assert key in text
    assert run_cli(["train", "-c", "mine.yaml", "--epochs", "1", "-q"]).exit_code == 0


def test_init_of_nothing_is_the_defaults_and_leaves_the_dataset_open(run_cli: Any) -> None:
    assert run_cli(["config", "init"]).exit_code == 0
    experiment = load_experiment([Path("experiment.yaml")])
    assert experiment == load_experiment()
    assert not experiment.names_dataset


def test_init_does_not_overwrite_unless_forced(run_cli: Any) -> None:
    Path("mine.yaml").write_text("seed: 5\n")
    refused = run_cli(["config", "init", "mine.yaml"])
    assert refused.exit_code == 2 and "mine.yaml exists." in refused.stderr
    assert Path("mine.yaml").read_text() == "seed: 5\n"
    assert run_cli(["config", "init", "mine.yaml", "--force", "--seed", "6"]).exit_code == 0
    assert load_experiment([Path("mine.yaml")]).seed == 6
    for screen in ("-", "/dev/stdout", "/dev/fd/1"):
        assert "nncli train -c FILE" in run_cli(["config", "init", screen]).stdout


def test_show_reads_back_as_the_same_experiment(run_cli: Any) -> None:
    result = run_cli(["config", "show", "--set", "model.dropout=0.25", "--set", "optimizer=sgd"])
    assert result.exit_code == 0
    Path("shown.yaml").write_text(result.stdout)
    experiment = load_experiment([Path("shown.yaml")])
    assert experiment.model.model_dump()["dropout"] == 0.25
    assert experiment.optimizer.type == "sgd"
    as_json = json.loads(run_cli(["config", "show", "--json"]).stdout)
    assert as_json["name"] == "mnist-mlp" and as_json["training"]["epochs"] == 6


def test_show_origin_names_every_source(run_cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.yaml").write_text("model:\n  type: cnn\n  filters: [8]\ntraining:\n  epochs: 9\n")
    monkeypatch.setenv("NNCLI_TRAINING__BATCH_SIZE", "32")
    arguments = ["config", "show", "-c", "a.yaml", "--origin", "--model", "mlp"]
    lines = run_cli([*arguments, "--set", "seed=3"]).stdout.splitlines()
    rows = {line.split()[0]: line.split(maxsplit=2)[2] for line in lines if ":" not in line[:9]}
    assert rows["training.epochs"] == "a.yaml:5:3"
    assert rows["training.batch_size"] == "environment NNCLI_TRAINING__BATCH_SIZE"
    assert rows["seed"] == "--set seed"
    assert rows["model.type"] == "--model"
    assert rows["model.dropout"] == "default"
    assert lines[-1] == "discarded: model.filters (a.yaml:3:3), because --model changed the type"
    found = json.loads(run_cli([*arguments, "--json"]).stdout)
    assert found["training.epochs"] == {"value": 9, "origin": "a.yaml:5:3"}


def test_validate_goes_through_all_files(run_cli: Any) -> None:
    Path("good.yaml").write_text("seed: 1\n")
    Path("bad.yaml").write_text("seed: x\ntraining: {epoch: 1}\n")
    assert run_cli(["config", "validate", "good.yaml"]).exit_code == 0
    result = run_cli(["config", "validate", "bad.yaml", "missing.yaml", "good.yaml"])
    assert result.exit_code == 2
    assert result.stdout == "good.yaml: ok\n"
    assert "bad.yaml:1:1  seed: must be a whole number" in result.stderr
    assert "bad.yaml:2:12  training.epoch: unknown key; did you mean epochs?" in result.stderr
    assert "There is no file missing.yaml." in result.stderr
    found = json.loads(run_cli(["config", "validate", "--json", "bad.yaml", "good.yaml"]).stdout)
    assert [(f["file"], f["valid"]) for f in found["files"]] == [
        ("bad.yaml", False),
        ("good.yaml", True),
    ]


def test_the_schema_is_one_and_fits_the_examples(run_cli: Any) -> None:
    from nncli.config.yaml import parse

    schema = json.loads(run_cli(["config", "schema"]).stdout)
    assert schema == experiment_schema() == json.loads(schema_file().read_text())
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    for path in CONFIGS:
        validator(schema).validate(parse(path.read_bytes()).value)
    for text, valid in {
        "model: cnn": True,
        "model: {hidden_units: [3]}": True,
        "optimizer: {learning_rate: 0.1}": True,
        "extends: base.yaml": True,
        "{extends: cnn.yaml, model: {filters: [3]}}": True,
        "{extends: cnn.yaml, model: {hidden_units: [3], units: 3}}": False,
        "{extends: cnn.yaml, optimizer: {learning_rate: {alpha: 0.01}}}": True,
        "optimizer: {learning_rate: {alpha: 0.01}}": False,
        "dataset: {type: tfds, name: mnist}": True,
        "model: transfomer": False,
        "model: {type: mlp, filters: [3]}": False,
        "training: {epochs: 0}": False,
        "training: {epoch: 1}": False,
        "trainig: {}": False,
        "{}": True,
        "seed:": True,
        "dataset:": True,
        "model:": True,
        "optimizer:": True,
        "training:": True,
        "name:": True,
        "extends:": False,
        "training: {epochs: }": False,
        "model: {type: }": False,
        "model: {filters: [3]}": False,
        "model: {type: cnn, filters: [3]}": True,
        "optimizer: {momentum: 0.5}": False,
        "optimizer: {type: sgd, momentum: 0.5}": True,
        "optimizer: {weight_decay: 0.5}": True,
        "optimizer: {type: adamw, weight_decay: }": False,
        "training: {metrics: [macro_f1, top_3_accuracy, r2_score]}": True,
        "training: {metrics: [top_1_accuracy]}": False,
        "training: {metrics: [los]}": False,
        "training: {metrics: [auc], monitor: validation_auc}": True,
        "training: {metrics: [top_3_accuracy], monitor: train_top_3_accuracy}": True,
        "training: {loss: mse}": True,
        "training: {loss: {type: huber, delta: 0.5}}": True,
        "training: {loss: {type: huber, gamma: 0.5}}": False,
        "training: {loss: {delta: 0.5}}": False,
        "training: {loss: accuracy}": False,
        "training: {loss: }": True,
        "optimizer: {learning_rate: cosine}": True,
        "optimizer: {learning_rate: {warmup_epochs: 2}}": True,
        "optimizer: {learning_rate: {type: cosine}}": True,
        "dataset: digits": True,
        "dataset: {type: digits}": True,
        "dataset: {validation: 0.2}": True,
        "dataset: {type: mnist}": False,
        "training: {monitor: val_loss}": False,
        "training: {monitor: train_accuracy}": True,
    }.items():
        Path("case.yaml").write_text(text)
        Path("base.yaml").write_text("{}")
        Path("cnn.yaml").write_text("{model: cnn, optimizer: {learning_rate: cosine}}")
        assert validator(schema).is_valid(parse(text.encode()).value) is valid, text
        assert (run_cli(["config", "validate", "case.yaml"]).exit_code == 0) is valid, text


def test_schema_of_one_key(run_cli: Any) -> None:
    epochs = json.loads(run_cli(["config", "schema", "training.epochs"]).stdout)
    assert (epochs["type"], epochs["minimum"], epochs["default"]) == ("integer", 1, 6)
    assert "$defs" not in epochs
    training = json.loads(run_cli(["config", "schema", "training"]).stdout)
    assert "$defs" in training
    wrong = run_cli(["config", "schema", "training.epoch"])
    assert wrong.exit_code == 2 and wrong.stderr.endswith("Did you mean epochs?\n")


def test_diff_shows_only_what_differs(run_cli: Any, digits_run: Any) -> None:
    Path("a.yaml").write_text("dataset: digits\ntraining: {epochs: 3}\n")
    Path("b.yaml").write_text("dataset: digits\ntraining: {epochs: 3, batch_size: 64}\n")
    assert run_cli(["config", "diff", "a.yaml", "a.yaml"]).stdout == "No difference.\n"
    lines = run_cli(["config", "diff", "a.yaml", "b.yaml"]).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["a.yaml", "b.yaml"],
        ["training.batch_size", "128", "64"],
    ]
    rows = json.loads(run_cli(["config", "diff", "a.yaml", digits_run.folder, "--json"]).stdout)
    assert rows == {
        "training.epochs": {"a": 3, "b": 2},
        "training.steps_per_execution": {"a": "auto", "b": 11},
    }


def test_set_wants_a_key_and_a_value(run_cli: Any) -> None:
    for text in ("epochs", "=3", "training.=3"):
        result = run_cli(["config", "show", "--set", text])
        assert result.exit_code == 2
        assert f"must be KEY=VALUE such as training.epochs=6, not '{text}'" in result.stderr
    result = run_cli(["config", "show", "--set", "model.hiden_units=3"])
    assert (
        "--set model.hiden_units  model.hiden_units: unknown key; did you mean hidden_units?"
        in result.stderr
    )


def test_no_config_command_imports_tensorflow() -> None:
    import subprocess
    import sys

    Path("runs/1-x").mkdir(parents=True)
    Path("runs/1-x/config.yaml").write_text("seed: 1\n")
    code = (
        "import sys; from nncli.cli import main\n"
        "f = sys.argv[1]\n"
        "for c in (['show'], ['init', '-'], ['schema'], ['validate', f], ['diff', f, '1-x']):\n"
        "    assert main(['config', *c]) == 0\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'tensorflow_datasets', 'sklearn'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(CONFIGS[0])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_set_in_any_order_and_relative_paths(run_cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(*settings: str) -> Any:
        flags = [word for setting in settings for word in ("--set", setting)]
        result = run_cli(["config", "show", "--json", *flags])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    first = shown("model.filters=[7]", "model=cnn")
    assert first == shown("model=cnn", "model.filters=[7]")
    assert first == shown("model=cnn", "model={filters: [7]}")
    assert (first["model"]["type"], first["model"]["filters"]) == ("cnn", [7])
    assert shown("dataset.data_dir=xx")["dataset"]["data_dir"] == str(Path("xx").absolute())
    monkeypatch.setenv("NNCLI_DATASET__DATA_DIR", "~/yy")
    assert shown()["dataset"]["data_dir"] == str(Path("~/yy").expanduser())


def test_all_mistakes_of_a_command_line_at_once(run_cli: Any) -> None:
    result = run_cli(["config", "show", "--set", "bar", "--set", "foo", "--seed", "x"])
    assert (result.exit_code, result.stderr) == (
        2,
        "error: 3 mistakes:\n"
        "--set: must be KEY=VALUE such as training.epochs=6, not 'bar'.\n"
        "--set: must be KEY=VALUE such as training.epochs=6, not 'foo'.\n"
        "--seed  seed: must be a whole number, not 'x'\n",
    )


def test_a_file_cannot_steer_the_terminal(run_cli: Any) -> None:
    Path("e.yaml").write_text('"\\e[31mred": 1\n')
    result = run_cli(["config", "validate", "e.yaml"])
    assert result.exit_code == 2 and "\x1b" not in result.stderr
    assert result.stderr.startswith(r"e.yaml:1:1  \x1b[31mred: unknown key")


def test_one_bad_file_does_not_hide_the_others(run_cli: Any) -> None:
    Path("self.yaml").write_text("model: &a\n  <<: *a\n")
    Path("wrong.yaml").write_text("seed: -1\n")
    result = run_cli(["config", "validate", "self.yaml", "wrong.yaml"])
    assert result.exit_code == 2
    assert "self.yaml:" in result.stderr and "wrong.yaml:1:1  seed: must be" in result.stderr


def test_validate_as_json_gives_every_part_of_a_mistake(run_cli: Any) -> None:
    Path("bad.yaml").write_text("training:\n  epochs: 0\n")
    result = run_cli(["config", "validate", "--json", "bad.yaml"])
    assert (result.exit_code, result.stderr) == (2, "")
    assert json.loads(result.stdout)["files"][0]["problems"] == [
        {
            "file": "bad.yaml",
            "line": 2,
            "column": 3,
            "key": "training.epochs",
            "message": "must be at least 1, not 0",
            "text": "bad.yaml:2:3  training.epochs: must be at least 1, not 0\n"
            "      epochs: 0\n      ^",
        }
    ]


def test_validate_takes_a_run_folder(run_cli: Any) -> None:
    Path("runs/1-x").mkdir(parents=True)
    Path("runs/1-x/config.yaml").write_text("seed: x\n")
    result = run_cli(["config", "validate", "runs/1-x"])
    assert result.exit_code == 2
    assert result.stderr.startswith("runs/1-x/config.yaml:1:1  seed: must be a whole number")


def test_diff_says_the_mistakes_of_both(run_cli: Any) -> None:
    Path("a.yaml").write_text("seed: -1\n")
    result = run_cli(["config", "diff", "a.yaml", "missing.yaml"])
    assert (result.exit_code, result.stderr) == (
        2,
        "error: 2 mistakes:\n"
        "a.yaml:1:1  seed: must be at least 0, not -1\n"
        "    seed: -1\n    ^\n"
        "There is no file missing.yaml.\n",
    )


def test_a_home_folder_that_nobody_has_as_a_flag(run_cli: Any) -> None:
    result = run_cli(["config", "show", "--data-dir", "~nobody-of-this-name/x"])
    assert (result.exit_code, result.stderr) == (
        2,
        "error: --data-dir  dataset.data_dir: '~nobody-of-this-name/x' is in the home folder of "
        "a user that does not exist\n",
    )


def test_schema_says_what_was_meant(run_cli: Any) -> None:
    for key, hint in {
        "model.droput": "Did you mean dropout?",
        "training.epochs.x": "training.epochs is a single value.",
    }.items():
        result = run_cli(["config", "schema", key])
        message = f"error: An experiment has no key {key}.\n  {hint}\n"
        assert (result.exit_code, result.stderr) == (2, message)


def test_diff_of_types_shows_what_one_side_lacks(run_cli: Any) -> None:
    name = "a-long-name-of-an-experiment-that-does-not-fit"
    Path(f"{name}-1.yaml").write_text("name: x\nmodel: {type: cnn, dropout: 0}\n")
    Path(f"{name}-2.yaml").write_text("name: x\n")
    arguments = ["config", "diff", f"{name}-1.yaml", f"{name}-2.yaml"]
    assert run_cli(arguments).stdout.splitlines() == [
        "                   ...t-that-does-not-fit-1.yaml  ...t-that-does-not-fit-2.yaml",
        'model.type         "cnn"                          "mlp"',
        "model.filters      null                           -",
        "model.kernel_size  3                              -",
        "model.residual     -                              false",
    ]
    assert json.loads(run_cli([*arguments, "--json"]).stdout) == {
        "model.type": {"a": "cnn", "b": "mlp"},
        "model.filters": {"a": None},
        "model.kernel_size": {"a": 3},
        "model.residual": {"b": False},
    }


def test_diff_takes_the_names_of_runs(run_cli: Any) -> None:
    for number, seed in ((1, 1), (2, 2)):
        folder = Path(f"runs/{number}-sweep")
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(f"name: sweep\nseed: {seed}\n")
    lines = run_cli(["config", "diff", "1-sweep", "latest"]).stdout.splitlines()
    assert [line.split() for line in lines] == [["1-sweep", "latest"], ["seed", "1", "2"]]


def test_init_leaves_the_environment_out_and_wants_a_folder(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNCLI_SEED", "7")
    assert run_cli(["config", "init", "--epochs", "2"]).exit_code == 0
    experiment = load_experiment([Path("experiment.yaml")])
    assert (experiment.seed, experiment.training.epochs) == (0, 2)
    result = run_cli(["config", "init", "nowhere/e.yaml"])
    assert (result.exit_code, result.stderr) == (
        2,
        "error: There is no folder nowhere.\n  Make it, or name another.\n",
    )


def test_a_traceback_cannot_steer_the_terminal_either(run_cli: Any) -> None:
    result = run_cli(["config", "show", "--debug", "-c", "\x1b[31m.yaml"])
    assert result.exit_code == 2 and "\x1b" not in result.stderr

"""Whole messages for the mistakes that people make."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from nncli.config import Experiment, Layer, load_experiment
from nncli.config.keys import group_types
from nncli.config.origins import Origin, Origins
from nncli.config.yaml import KeyPath
from nncli.errors import ExperimentError

FAMILIES = ", ".join(group_types(("model",)))


def said(content: str | bytes) -> str:
    """What is said about a file `e.yaml` with `content`."""
    path = Path("e.yaml")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ExperimentError) as caught:
        load_experiment([path])
    return str(caught.value)


def said_of_flags(values: dict[str, Any], flags: dict[KeyPath, str]) -> str:
    with pytest.raises(ExperimentError) as caught:
        load_experiment(
            [], Layer(values, Origins({key: Origin(name) for key, name in flags.items()}))
        )
    return str(caught.value)


def test_unknown_key_with_the_nearest_valid_one() -> None:
    assert said("training:\n  epoch: 6\n") == (
        "e.yaml:2:3  training.epoch: unknown key; did you mean epochs?\n      epoch: 6\n      ^"
    )


def test_unknown_key_that_resembles_nothing_with_all_valid_ones() -> None:
    assert said("zzz: 6\n") == (
        "e.yaml:1:1  zzz: unknown key; known are name, seed, dataset, model, optimizer, training, "
        "extends.\n"
        "    zzz: 6\n"
        "    ^"
    )


def test_unknown_key_of_another_type_of_the_union() -> None:
    assert said("optimizer: {type: sgd, beta_1: 0.9}\n") == (
        "e.yaml:1:24  optimizer.beta_1: unknown key; beta_1 belongs to optimizer types adam, "
        "adamw, adamax, lamb, lion, nadam and schedule_free_adamw; this one is sgd\n"
        "    optimizer: {type: sgd, beta_1: 0.9}\n"
        "                           ^"
    )


def test_unknown_key_of_a_model_without_type_is_compared_with_the_default_type() -> None:
    assert said("model:\n  hidden_unit: [3]\n").splitlines()[0] == (
        "e.yaml:2:3  model.hidden_unit: unknown key; did you mean hidden_units?"
    )


def test_wrong_type() -> None:
    assert said("training:\n  epochs: six\n") == (
        "e.yaml:2:3  training.epochs: must be a whole number, not 'six'\n      epochs: six\n      ^"
    )


def test_out_of_range() -> None:
    assert said("training:\n  epochs: -1\n") == (
        "e.yaml:2:3  training.epochs: must be at least 1, not -1\n      epochs: -1\n      ^"
    )


def test_unknown_type_of_a_union() -> None:
    assert said("model: cmn\n") == (
        f"e.yaml:1:1  model: there is no type 'cmn'; did you mean cnn? The types are {FAMILIES}.\n"
        "    model: cmn\n"
        "    ^"
    )


def test_two_mistakes_at_once_in_the_order_of_the_file() -> None:
    assert said("seed: -1\ntraining:\n  batchsize: 3\n") == (
        "2 mistakes:\n"
        "e.yaml:1:1  seed: must be at least 0, not -1\n"
        "    seed: -1\n"
        "    ^\n"
        "e.yaml:3:3  training.batchsize: unknown key; did you mean batch_size?\n"
        "      batchsize: 3\n"
        "      ^"
    )


@pytest.mark.parametrize(
    ("content", "first_line"),
    [
        ("training: {epochs: true}", "1:12  training.epochs: must be a whole number, not true"),
        ("training: {epochs: '6'}", "1:12  training.epochs: must be a whole number, not '6'"),
        ("training: {epochs: 6.0}", "1:12  training.epochs: must be a whole number, not 6.0"),
        ("training: {epochs: }", "1:12  training.epochs: must be a whole number, not nothing"),
        ("training: {device: tpu}", "1:12  training.device: must be 'auto', 'cpu' or 'gpu', "
                                    "not 'tpu'"),
        ("training: {deterministic: 1}", "1:12  training.deterministic: must be true or false, "
                                         "not 1"),
        ("training: {monitor: loss}", "1:12  training.monitor: there is no column 'loss'; did you "
         "mean validation_loss?"),
        ("training: fast", "1:1  training: must be a mapping (key: value), not 'fast'"),
        ("model: [1, 2]", "1:1  model: must be a mapping (key: value), not [1, 2]"),
        ("model: 3", "1:1  model: must be a mapping (key: value), not 3"),
        ("model: {dropout: 1}", "1:9  model.dropout: must be less than 1, not 1"),
        ("model: {hidden_units: 128}", "1:9  model.hidden_units: must be a list, not 128"),
        ("model: {hidden_units: [8, -1]}", "1:27  model.hidden_units[1]: must be at least 1, "
                                           "not -1"),
        ("model: {type: cnn, filters: []}", "1:20  model.filters: must have 1 or more entries, "
                                            "not []"),
        ("optimizer: {learning_rate: 0}", "1:13  optimizer.learning_rate: must be greater than "
                                          "0, not 0"),
        ("optimizer: {learning_rate: .nan}", "1:13  optimizer.learning_rate: must be a finite "
                                             "number, not nan"),
        ("name: ../x", "1:1  name: '../x' is not a valid name"
         "; letters, digits, '.', '_' and '-' make one, beginning with a letter or digit"),
        ("dataset: {name: 3}", "1:11  dataset.name: must be text, not 3"),
        ("dataset: {name: mnist, data_dir: 3}", "1:24  dataset.data_dir: must be a path, not 3"),
        ("dataset: {type: digits, name: x}", "1:25  dataset.name: unknown key; name belongs to "
         "dataset type tfds; this one is digits"),
        ("dataset: a b", "1:1  dataset.name: 'a b' is no name of a dataset; names are like "
                         "mnist, mnist:3.0.1, builder/config"),
    ],
)  # fmt: skip
def test_first_line_of(content: str, first_line: str) -> None:
    assert said(content).splitlines()[0] == f"e.yaml:{first_line}"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("m\u00fcnster-2.1_b", ""),
        ("\u6570\u636e", ""),
        ("\u00fc x", "is not a valid name; letters"),
        ("x\u202ey", "is not a valid name; letters"),
        ("-x", "is not a valid name; letters"),
        ("a;b", "is not a valid name; letters"),
        ("\u6570" * 90, "is too long for a folder"),
    ],
)
def test_a_name_is_what_a_folder_can_be_called_in_any_script(name: str, wrong: str) -> None:
    if wrong:
        assert wrong in said(f"name: '{name}'").splitlines()[0]
    else:
        assert Experiment(name=name).run_name == name


def test_a_missing_entry_is_counted_as_such() -> None:
    first = said("dataset: {name: mnist, image_size: [3]}").splitlines()[0]
    assert first == "e.yaml:1:24  dataset.image_size[1]: a value is missing"


def test_yaml_syntax_error() -> None:
    assert said("model: [1, 2\nseed: 3\n") == (
        "e.yaml:2:5  not YAML: expected ',' or ']', but got ':'\n    seed: 3\n        ^"
    )


def test_tab() -> None:
    assert said("training:\n\tepochs: 3\n") == (
        "e.yaml:2:1  a tab cannot indent YAML; use spaces\n     epochs: 3\n    ^"
    )


@pytest.mark.parametrize("content", ["", "# nothing\n", "null\n"])
def test_an_empty_file(content: str) -> None:
    assert said(content) == "e.yaml:1:1  the file is empty; write {} for nothing but defaults"


def test_infinity_and_nan() -> None:
    assert said("optimizer: {learning_rate: .inf}\n") == (
        "e.yaml:1:13  optimizer.learning_rate: must be a finite number, not inf\n"
        "    optimizer: {learning_rate: .inf}\n"
        "                ^"
    )


def test_a_merged_value_is_blamed_where_it_stands() -> None:
    assert said("training:\n  <<: {epochs: 0}\n  batch_size: 0\n") == (
        "2 mistakes:\n"
        "e.yaml:2:8  training.epochs: must be at least 1, not 0\n"
        "      <<: {epochs: 0}\n"
        "           ^\n"
        "e.yaml:3:3  training.batch_size: must be auto or at least 1, not 0\n"
        "      batch_size: 0\n"
        "      ^"
    )


def test_only_the_first_of_many_mistakes_are_shown_and_in_no_time() -> None:
    path = Path("e.yaml")
    path.write_text("".join(f"key{number}: 1\n" for number in range(8000)))
    began = time.process_time()
    with pytest.raises(ExperimentError) as caught:
        load_experiment([path])
    assert time.process_time() - began < 4
    assert len(caught.value.problems) == 8000
    assert str(caught.value).splitlines()[0] == "8000 mistakes:"
    assert str(caught.value).splitlines()[-1] == "... and 7,980 more"


def test_a_mistake_that_a_later_file_hides_is_said_all_the_same() -> None:
    Path("base.yaml").write_text("seed: bad\nmodel: {type: cnn, filtres: [1]}\n")
    assert said("extends: base.yaml\nseed: 1\nmodel: mlp\n").splitlines() == [
        "2 mistakes:",
        "base.yaml:1:1  seed: must be a whole number, not 'bad'",
        "    seed: bad",
        "    ^",
        "base.yaml:2:20  model.filtres: unknown key; did you mean filters?",
        "    model: {type: cnn, filtres: [1]}",
        "                       ^",
    ]


def test_what_a_later_file_completes_is_no_mistake() -> None:
    Path("base.yaml").write_text("model: {filters: [1]}\n")
    Path("e.yaml").write_text("extends: base.yaml\nmodel: {type: cnn}\n")
    assert load_experiment([Path("e.yaml")]).model.type == "cnn"


def test_a_home_folder_that_does_not_exist() -> None:
    message = said("extends: ~nobody-of-this-name/x.yaml\n").splitlines()[0]
    assert message == "e.yaml:1:1  extends: There is no file ~nobody-of-this-name/x.yaml."


def test_duplicate_key() -> None:
    assert said("seed: 1\nseed: 2\n") == (
        "e.yaml:2:1  seed: this key stands twice\n"
        "    seed: 2\n"
        "    ^"
    )  # fmt: skip


def test_bad_utf_8() -> None:
    assert said(b"name: a\nseed: \xff\n") == (
        "e.yaml:2:7  byte 0xff is not UTF-8; save the file as UTF-8"
    )


@pytest.mark.parametrize(
    ("content", "kind"), [("- a\n- b\n", "a list"), ("hello\n", "a single value")]
)
def test_no_mapping(content: str, kind: str) -> None:
    assert said(content) == (
        f"e.yaml:1:1  an experiment is a mapping (key: value); this file is {kind}"
    )


def test_a_long_line_is_quoted_around_the_mistake() -> None:
    long = ", ".join(["100"] * 60)
    lines = said(f"model: {{hidden_units: [{long}, x]}}\n").splitlines()
    assert max(len(line) for line in lines[1:]) <= 80
    assert lines[1][lines[2].index("^")] == "x"


def test_a_flag_is_named_as_it_was_typed() -> None:
    text = said_of_flags({"training": {"epochs": -1}}, {("training", "epochs"): "--epochs"})
    assert text == "--epochs  training.epochs: must be at least 1, not -1"


def test_a_flag_over_a_file_is_blamed_and_not_the_file() -> None:
    path = Path("e.yaml")
    path.write_text("training:\n  epochs: 3\n  batch_size: 0\n")
    flags = Layer(
        {"training": {"epochs": 0}}, Origins({("training", "epochs"): Origin("--epochs")})
    )
    with pytest.raises(ExperimentError) as caught:
        load_experiment([path], flags)
    first_lines = {problem.splitlines()[0] for problem in caught.value.problems}
    assert first_lines == {
        "--epochs  training.epochs: must be at least 1, not 0",
        "e.yaml:3:3  training.batch_size: must be auto or at least 1, not 0",
    }


def test_a_value_from_python_is_named_by_its_key() -> None:
    text = said_of_flags({"training": {"epochs": "six"}}, {})
    assert text == "experiment  training.epochs: must be a whole number, not 'six'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seed:3\n", "1:1  an experiment is a mapping (key: value); this file is a single value; "
                     "a space is missing: seed: 3"),
        ("training:\n  epochs:3\n", "1:1  training: must be a mapping (key: value), not "
                                    "'epochs:3'; a space is missing: epochs: 3"),
        ("seed:3\nname: x\n", "2:5  not YAML: a space is missing in the line above: seed: 3"),
        ("training: {epochs: !x 3}\n", "1:20  training.epochs: the tag !x means nothing here"),
        ('extends: "\\ud800"\n', "1:10  extends: text cannot hold a NUL or half a character"),
        (f"{'k' * 70}: 1\n", f"1:1  {'k' * 57}...: unknown key; known are name, seed, dataset, "
                             "model, optimizer, training, extends."),
    ],
)  # fmt: skip
def test_one_message_for_one_mistake(content: str, message: str) -> None:
    lines = said(content).splitlines()
    assert lines[0] == f"e.yaml:{message}"
    assert len(lines) in (1, 3)


def test_a_mistake_knows_its_place() -> None:
    Path("e.yaml").write_text("training:\n  epochs: 0\n")
    with pytest.raises(ExperimentError) as caught:
        load_experiment([Path("e.yaml")])
    [one] = caught.value.mistakes
    assert (one.file, one.line, one.column, one.key) == ("e.yaml", 2, 3, "training.epochs")
    assert one.message == "must be at least 1, not 0"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("model: {activation: rleu}", "1:9  model.activation: must be 'relu', 'gelu', 'silu', "
         "'tanh', 'sigmoid', 'elu', 'selu' or 'leaky_relu', not 'rleu'; did you mean relu?"),
        ("training: {device: CPU}", "1:12  training.device: must be 'auto', 'cpu' or 'gpu', not "
                                    "'CPU'; did you mean cpu?"),
        ("training: {monitor: val_loss}", "1:12  training.monitor: there is no column 'val_loss'; "
         "did you mean validation_loss?"),
        ("training: {monitor: roc_auc}", "1:12  training.monitor: there is no column 'roc_auc'; "
         "did you mean validation_auc?"),
        ("training: {monitor: train_f1}", "1:12  training.monitor: there is no column 'train_f1'; "
         "did you mean train_macro_f1?"),
        ("model: {type: mlp, filters: [1]}", "1:20  model.filters: unknown key; filters belongs "
                                             "to model type cnn; this one is mlp"),
        ("model: {filters: [1]}", "1:9  model.filters: unknown key; filters belongs "
                                  "to model type cnn; this one is mlp"),
        ("training: {learning_rate: 1}", "1:12  training.learning_rate: unknown key; did you mean "
                                         "optimizer.learning_rate?"),
        ("training: {lr: 1}", "1:12  training.lr: unknown key; did you mean "
                              "optimizer.learning_rate?"),
        ("lr: 1", "1:1  lr: unknown key; did you mean optimizer.learning_rate?"),
        ("optimizer: {lr: 1}", "1:13  optimizer.lr: unknown key; did you mean "
                               "optimizer.learning_rate?"),
        ("training: {patience: 3}", "1:12  training.patience: unknown key; did you mean "
                                    "training.early_stopping.patience?"),
        ("patience: 3", "1:1  patience: unknown key; did you mean "
         "optimizer.learning_rate.patience or training.early_stopping.patience?"),
        ("optimizer: {learning_rate: {type: cosine, patience: 3}}", "1:43  "
         "optimizer.learning_rate.patience: unknown key; patience belongs to "
         "optimizer.learning_rate type reduce_on_plateau; this one is cosine"),
        ("model: {name: cnn}", "1:9  model.name: unknown key; did you mean model.type?"),
        ("training.epochs: 3", "1:1  training.epochs: unknown key; write training: {epochs: 3}"),
        ("extend: a.yaml", "1:1  extend: unknown key; did you mean extends?"),
        ("dataset: {type: mnist}", "1:11  dataset: there is no type 'mnist'; write dataset: mnist"),
        (
            "dataset: {type: mnist, validation: 0.2}",
            "1:11  dataset: there is no type 'mnist'; write name: mnist",
        ),
        ("seed: 3\nname:foo\n", "3:1  not YAML: a space is missing in the line above: name: foo"),
        ("training: {epochs:3}", "1:12  training.epochs:3: unknown key; a space is missing: "
                                 "epochs: 3"),
        ("training: {class_weight: {a:1}}", "1:27  training.class_weight.a:1: a value is missing; "
                                            "a space is missing: a: 1"),
        ("training: {class_weight: {a: -1}}", "1:27  training.class_weight.a: must be at least 0, "
                                              "not -1"),
        ("training: {memory_budget: 5}", "1:12  training.memory_budget: must be text, not 5; it "
                                         "is like 4GiB, 500MB or auto"),
        ("training: {jit_compile: maybe}", "1:12  training.jit_compile: must be auto, true or "
                                           "false, not 'maybe'"),
        ("training: {steps_per_execution: 0}", "1:12  training.steps_per_execution: must be auto "
                                               "or at least 1, not 0"),
        ("optimizer: {learning_rate: {boundaries: [3]}}", "1:29  "
         "optimizer.learning_rate.boundaries: unknown key; boundaries belongs to "
         "optimizer.learning_rate type piecewise; this one is constant"),
        ("optimizer: {learning_rate: cosin}", "1:13  optimizer.learning_rate: must be a number or "
         "one of constant, cosine, exponential, piecewise, reduce_on_plateau, not 'cosin'; did "
         "you mean cosine?"),
        ("optimizer: {learning_rate: {type: reduce_on_plateau, warmup_epochs: 1}}", "1:54  "
         "optimizer.learning_rate.warmup_epochs: unknown key; warmup_epochs belongs to "
         "optimizer.learning_rate types constant, cosine, exponential and piecewise; this one is "
         "reduce_on_plateau"),
        ("model: {type: }", f"1:9  model.type: is empty; the types are {FAMILIES}"),
        ("model: {type: [a]}",
         f"1:9  model.type: must be text, not ['a']; the types are {FAMILIES}"),
    ],
)  # fmt: skip
def test_what_was_meant(content: str, message: str) -> None:
    assert said(content).splitlines()[0] == f"e.yaml:{message}"


@pytest.mark.parametrize("name", ["TRAINING_EPOCHS", "EPOCHS", "TRAINING_EPOCH"])
def test_a_variable_with_too_few_underscores(name: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        load_experiment([], Layer.of_environment({f"NNCLI_{name}": "3"}))
    assert str(caught.value) == (
        f"environment NNCLI_{name}  {name.lower()}: unknown key; did you mean "
        "NNCLI_TRAINING__EPOCHS?"
    )


@pytest.mark.parametrize("content", ["trainig:\n", "zzz: ~\n", "{seed:3}\n"])
def test_an_unknown_key_without_a_value_is_no_less_unknown(content: str) -> None:
    assert "unknown key" in said(content)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("{folds: 2, fold: 3}", "dataset.fold: 3 is more than dataset.folds, which is 2"),
        ("{fold: 3}", "dataset.fold: 3 is one of dataset.folds, which are not set"),
        (
            "{group: Name, time: Datum}",
            "dataset.time: 'Datum' and dataset.group, 'Name', exclude each other: leave one out",
        ),
        (
            "{folds: 5, time: Datum}",
            "dataset.time: 'Datum' tests the latest examples alone, dataset.folds every part "
            "once: leave one out",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_both_named(settings: str, words: str) -> None:
    text = f"dataset: {{path: a.csv, target: x, {settings[1:]}\n"
    assert said(text).splitlines()[0].partition("  ")[2] == words

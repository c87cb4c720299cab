"""Laying values over each other, and knowing where each came from."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.config import Layer, resolve
from nncli.config.keys import group_types
from nncli.config.layers import Merged, merge
from nncli.config.suggesting import meant
from nncli.errors import ExperimentError

KNOWN = meant("x" * 99, group_types(("model",)))
KEYS = st.sampled_from(["a", "b", "c"])
LEAVES = st.one_of(st.integers(), st.booleans(), st.lists(st.integers(), max_size=2))
GROUPS = st.recursive(
    st.dictionaries(KEYS, LEAVES, max_size=3),
    lambda inner: st.dictionaries(KEYS, st.one_of(LEAVES, inner), max_size=3),
    max_leaves=8,
)


@given(st.lists(GROUPS, max_size=4))
@settings(deadline=None)
def test_merging_layers_is_a_left_fold(groups: list[dict[str, Any]]) -> None:
    expected: dict[str, Any] = reduce(merge, groups, {})
    merged = Merged()
    for group in groups:
        merged.lay(Layer(group))
    assert merged.values == expected


SAME_SHAPE = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(),
        "model": st.fixed_dictionaries({}, optional={"type": st.just("cnn"), "dropout": LEAVES}),
        "training": st.dictionaries(KEYS, LEAVES, max_size=3),
    },
)


@given(SAME_SHAPE, SAME_SHAPE, SAME_SHAPE)
@settings(deadline=None)
def test_merging_is_associative_where_no_type_changes(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    assert merge(merge(first, second), third) == merge(first, merge(second, third))


def written(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_defaults_files_environment_flags_in_this_order() -> None:
    base = written("base.yaml", "seed: 1\ntraining: {epochs: 1, batch_size: 1}\nname: base\n")
    later = written("later.yaml", "training: {epochs: 2}\n")
    environment = {"NNCLI_TRAINING__EPOCHS": "3", "NNCLI_SEED": "3", "PATH": "/bin"}
    flags = Layer.of([("--epochs", ("training", "epochs"), 4)])
    resolved = resolve([base, later], Layer.of_environment(environment), flags)
    experiment = resolved.experiment
    assert (experiment.training.epochs, experiment.seed) == (4, 3)
    assert (experiment.training.batch_size, experiment.name) == (1, "base")
    assert resolved.origin(("training", "epochs")) == "--epochs"
    assert resolved.origin(("seed",)) == "environment NNCLI_SEED"
    assert resolved.origin(("training", "batch_size")) == "base.yaml:2:23"
    assert resolved.origin(("training", "monitor")) == "default"
    without = resolve([base, later])
    assert without.origin(("training", "epochs")) == "later.yaml:1:12"


def test_a_later_short_form_owns_the_name_it_gives() -> None:
    file = written("a.yaml", "dataset: {type: tfds, name: mnist, validation: 0.2}\n")
    resolved = resolve([file], Layer.of([("--dataset", ("dataset",), "fashion_mnist")]))
    assert resolved.origin(("dataset", "name")) == "--dataset"
    assert resolved.origin(("dataset", "validation")) == "a.yaml:1:36"
    assert resolved.discarded == []


def test_a_changed_type_discards_the_whole_mapping_and_says_so() -> None:
    file = written("a.yaml", "model:\n  type: cnn\n  filters: [4, 5]\n  dropout: 0.5\n")
    resolved = resolve([file], Layer.of([("--model", ("model",), "mlp")]))
    assert resolved.experiment.model.model_dump()["dropout"] == 0.0
    assert resolved.origin(("model", "dropout")) == "default"
    lost = {(item.key, item.origin and item.origin.name) for item in resolved.discarded}
    assert lost == {(("model", "filters"), "a.yaml:3:3"), (("model", "dropout"), "a.yaml:4:3")}
    assert {item.by and item.by.name for item in resolved.discarded} == {"--model"}


def test_extends_is_relative_to_its_file_and_lies_below_it() -> None:
    written("shared/base.yaml", "dataset: {type: tfds, data_dir: here}\nseed: 7\nname: base\n")
    mine = written("mine/e.yaml", "extends: ../shared/base.yaml\nname: mine\n")
    resolved = resolve([mine])
    assert (resolved.experiment.name, resolved.experiment.seed) == ("mine", 7)
    assert resolved.origin(("seed",)) == "mine/../shared/base.yaml:2:1"
    dataset = resolved.experiment.dataset.model_dump()
    assert Path(dataset["data_dir"]).resolve() == Path("shared/here").resolve()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: a.yaml\n", "a.yaml:1:1  extends: a circle: a.yaml extends a.yaml"),
        (
            "extends: b.yaml\n",
            "b.yaml:1:1  extends: a circle: a.yaml extends b.yaml extends a.yaml",
        ),
        ("extends: c.yaml\n", "a.yaml:1:1  extends: There is no file c.yaml."),
        ("extends: [b.yaml]\n", "a.yaml:1:1  extends: must be the path of a file"),
    ],
)
def test_mistakes_with_extends_have_a_place(text: str, message: str) -> None:
    written("b.yaml", "extends: a.yaml\n")
    with pytest.raises(ExperimentError) as caught:
        resolve([written("a.yaml", text)])
    assert caught.value.problems[0].startswith(message)
    assert caught.value.problems[0].splitlines()[1].startswith("    extends: ")


def test_mistakes_of_all_files_are_said_at_once() -> None:
    first = written("a.yaml", "seed: -1\nseed: 2\n")
    second = written("b.yaml", "trainig: {}\n")
    third = written("c.yaml", "model: [\n")
    environment = Layer.of_environment({"NNCLI_TRAINING__EPOCHS": "many", "NNCLI_TYPO": "1"})
    with pytest.raises(ExperimentError) as caught:
        resolve([first, second, third], environment)
    text = str(caught.value)
    assert text.startswith("6 mistakes:\n")
    for part in (
        "a.yaml:2:1  seed: this key stands twice",
        "a.yaml:1:1  seed: must be at least 0, not -1",
        "b.yaml:1:1  trainig: unknown key; did you mean training?",
        "c.yaml:2:1  not YAML",
        "environment NNCLI_TRAINING__EPOCHS  training.epochs: must be a whole number, not 'many'",
        "environment NNCLI_TYPO  typo: unknown key",
    ):
        assert part in text


def said_of(environment: dict[str, str]) -> list[str]:
    with pytest.raises(ExperimentError) as caught:
        resolve([], Layer.of_environment(environment))
    return caught.value.problems


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("MODEL__FILTERS", "[1, 2", "model.filters: '[1, 2' is not YAML: expected ',' or ']', "
                                    "but got '<stream end>'"),
        ("NAME", "'x", "name: \"'x\" is not YAML: found unexpected end of stream"),
        ("MODEL", "{type: cnn, type: mlp}", "model: this key stands twice"),
        ("NAME", '"\\0x"', "name: text cannot hold a NUL or half a character"),
        ("NAME", "\udcff", "name: text cannot hold a NUL or half a character"),
        ("DATASET__DATA_DIR", "~nobody-of-this-name/x", "dataset.data_dir: "
         "'~nobody-of-this-name/x' is in the home folder of a user that does not exist"),
        ("MODEL", "x" * 99, f"model: there is no type '{'x' * 56}...{KNOWN}"),
    ],
)  # fmt: skip
def test_mistakes_in_what_was_typed(name: str, text: str, message: str) -> None:
    assert said_of({f"NNCLI_{name}": text}) == [f"environment NNCLI_{name}  {message}"]


def test_a_list_may_be_typed_without_brackets() -> None:
    for text in ("256,128", "[256, 128]"):
        layer = Layer.of_environment({"NNCLI_MODEL__HIDDEN_UNITS": text})
        model = resolve([], layer).experiment.model
        assert model.hidden_units == (256, 128)


@pytest.mark.parametrize(
    ("model", "key", "text", "value"),
    [
        ("text_cnn", "KERNEL_SIZES", "2,3", (2, 3)),
        ("cnn", "FILTERS", "8", (8,)),
        ("cnn", "FILTERS", "null", None),
    ],
)
def test_lists_of_other_models_may_be_too(model: str, key: str, text: str, value: Any) -> None:
    layer = Layer.of_environment({"NNCLI_MODEL": model, f"NNCLI_MODEL__{key}": text})
    assert getattr(resolve([], layer).experiment.model, key.lower()) == value


def test_a_hidden_mistake_is_said_whatever_type_may_follow() -> None:
    base = written("base.yaml", "optimizer: {learning_rate: -1}\ndataset: a b\n")
    later = written("later.yaml", "optimizer: {type: sgd, learning_rate: 1}\ndataset: digits\n")
    with pytest.raises(ExperimentError) as caught:
        resolve([base, later])
    assert [problem.splitlines()[0] for problem in caught.value.problems] == [
        "base.yaml:1:13  optimizer.learning_rate: must be greater than 0, not -1",
        "base.yaml:2:1  dataset.name: 'a b' is no name of a dataset; names are like mnist, "
        "mnist:3.0.1, builder/config",
    ]


def test_what_only_another_type_understands_may_wait_for_it() -> None:
    base = written("base.yaml", "optimizer: {momentum: 0.5}\ntraining: {clipnorm: 1}\n")
    later = written("later.yaml", "optimizer: {type: sgd}\ntraining: {clipnorm: 2}\n")
    assert resolve([base, later]).experiment.optimizer.type == "sgd"


def test_a_type_comes_from_what_implies_it() -> None:
    file = written("a.yaml", "model:\n  dropout: 0.5\ndataset:\n  name: mnist\n")
    resolved = resolve([file])
    assert resolved.origin(("model", "type")) == "default"
    assert resolved.origin(("dataset", "type")) == "a.yaml:4:3"
    short = resolve([written("b.yaml", "model: cnn\noptimizer: {learning_rate: cosine}\n")])
    assert short.origin(("model", "type")) == "b.yaml:1:1"
    assert short.origin(("optimizer", "learning_rate", "type")) == "b.yaml:2:13"


def test_a_name_that_changes_the_type_is_named_as_the_cause() -> None:
    first = written("a.yaml", "model:\n  dropout: 0.5\ndataset: {type: digits, validation: 0.2}\n")
    second = written("b.yaml", "dataset:\n  validation: 0.1\n  name: mnist\n")
    [lost] = resolve([first, second]).discarded
    assert (lost.key, lost.by and lost.by.name) == (("dataset", "validation"), "b.yaml:3:3")


@pytest.mark.parametrize("first", ["file", "setting"])
def test_a_key_is_added_to_the_short_form_of_a_schedule(first: str) -> None:
    added = ("--set optimizer.learning_rate.decay_epochs", ("optimizer", "learning_rate",
             "decay_epochs"), 3)  # fmt: skip
    short = ("--set optimizer.learning_rate", ("optimizer", "learning_rate"), "cosine")
    file = written("e.yaml", "optimizer: {learning_rate: cosine}\n" if first == "file" else "{}\n")
    layer = Layer.of([added] if first == "file" else [added, short])
    rate = resolve([file], layer).experiment.optimizer.model_dump()["learning_rate"]
    assert (rate["type"], rate["decay_epochs"]) == ("cosine", 3)


def first_lines(*files: Path) -> list[str]:
    with pytest.raises(ExperimentError) as caught:
        resolve(files)
    return [problem.splitlines()[0] for problem in caught.value.problems]


def test_a_mistake_in_the_text_does_not_hide_those_in_the_values() -> None:
    text = "seed: 1\nseed: 2\nmodel: {filters: [1]}\ntraining: {clipnorm: 1, global_clipnorm: 1}\n"
    assert first_lines(written("a.yaml", text)) == [
        "a.yaml:2:1  seed: this key stands twice",
        "a.yaml:3:9  model.filters: unknown key; filters belongs to model type cnn; this one is "
        "mlp",
        "a.yaml:4:12  training: clipnorm and global_clipnorm exclude each other",
    ]


@pytest.mark.parametrize("base", ["there-is-none.yaml", "broken.yaml"])
def test_what_a_base_that_cannot_be_read_may_say_is_no_mistake(base: str) -> None:
    written("broken.yaml", "model: [\n")
    assert len(first_lines(written("a.yaml", f"extends: {base}\nmodel: {{filters: [1]}}\n"))) == 1

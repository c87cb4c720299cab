"""Layers: defaults, files, flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nncli.config import Experiment, Layer, TrainingSettings, load_experiment, write_experiment
from nncli.config.layers import merge
from nncli.data import DigitsDataset, TfdsDataset
from nncli.errors import ExperimentError, NncliError, NotFoundError
from nncli.models import CnnModel, MlpModel
from nncli.optimizers import Adam, AdamW, RmsProp, Sgd


def written(text: str, name: str = "e.yaml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_the_tutorial() -> None:
    experiment = load_experiment()
    assert experiment == Experiment(
        name=None,
        seed=0,
        dataset=TfdsDataset(name="mnist", validation=0.1),
        model=MlpModel(hidden_units=(128,), activation="relu", dropout=0.0),
        optimizer=Adam(learning_rate=0.001),
        training=TrainingSettings(epochs=6, batch_size=128, monitor="validation_loss"),
    )
    assert experiment.run_name == "mnist-mlp"


@pytest.mark.parametrize("text", ["training:\n", "model: null\n", "{}\n"])
def test_an_experiment_of_nothing_is_the_defaults(text: str) -> None:
    assert load_experiment([written(text)]) == load_experiment()


def test_a_missing_file() -> None:
    written("", "mnist.yaml")
    with pytest.raises(NotFoundError) as caught:
        load_experiment([Path("mnits.yaml")])
    assert caught.value.exit_code == 2
    assert str(caught.value) == "There is no file mnits.yaml.\nDid you mean mnist.yaml?"


def test_a_missing_file_in_a_missing_folder() -> None:
    with pytest.raises(NotFoundError) as caught:
        load_experiment([Path("nowhere/e.yaml")])
    assert str(caught.value) == "There is no file nowhere/e.yaml."


def test_a_folder_instead_of_a_file() -> None:
    Path("configs").mkdir()
    with pytest.raises(NotFoundError, match=r"configs is a folder without config\.yaml"):
        load_experiment([Path("configs")])


@pytest.mark.parametrize(
    ("short", "key", "settings_of"),
    [
        ("dataset: digits", "dataset", DigitsDataset()),
        ("dataset: fashion_mnist", "dataset", TfdsDataset(name="fashion_mnist")),
        ("dataset: {name: mnist, test: 0.2}", "dataset", TfdsDataset(name="mnist", test=0.2)),
        ("dataset: {validation: 0.2}", "dataset", TfdsDataset(validation=0.2)),
        ("model: cnn", "model", CnnModel()),
        ("model: {hidden_units: [7]}", "model", MlpModel(hidden_units=(7,))),
        ("optimizer: sgd", "optimizer", Sgd()),
        ("optimizer: {learning_rate: 1e-2}", "optimizer", Adam(learning_rate=0.01)),
    ],
)
def test_short_forms(short: str, key: str, settings_of: Any) -> None:
    assert getattr(load_experiment([written(short)]), key) == settings_of


def test_the_types_are_those_of_the_union() -> None:
    for name, kind in {"adam": Adam, "adamw": AdamW, "sgd": Sgd, "rmsprop": RmsProp}.items():
        assert type(load_experiment([], Layer({"optimizer": name})).optimizer) is kind


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{}", False),
        ("dataset: {validation: 0.2}", False),
        ("dataset: mnist", True),
        ("dataset: {name: mnist}", True),
        ("dataset: digits", True),
    ],
)
def test_whether_a_dataset_was_named(text: str, named: bool) -> None:
    assert load_experiment([written(text)]).names_dataset is named


def test_flags_win_over_files_and_later_files_over_earlier() -> None:
    first = written("seed: 1\ntraining: {epochs: 10, batch_size: 10}\n", "first.yaml")
    second = written("training: {epochs: 20, batch_size: 20}\n", "second.yaml")
    experiment = load_experiment([first, second], Layer({"training": {"epochs": 30}}))
    assert experiment.seed == 1
    assert experiment.training.batch_size == 20
    assert experiment.training.epochs == 30


def test_a_flag_adds_a_key_to_a_short_form() -> None:
    experiment = load_experiment([written("model: cnn\n")], Layer({"model": {"hidden_units": [5]}}))
    assert experiment.model == CnnModel(hidden_units=(5,))


def test_a_changed_type_discards_the_other_keys() -> None:
    path = written("optimizer: {type: adam, learning_rate: 0.5, beta_1: 0.1}\n")
    assert load_experiment([path], Layer({"optimizer": "sgd"})).optimizer == Sgd()


def test_the_same_type_again_keeps_the_other_keys() -> None:
    path = written("optimizer: {type: sgd, learning_rate: 0.5}\n")
    experiment = load_experiment([path], Layer({"optimizer": "sgd"}))
    assert experiment.optimizer == Sgd(learning_rate=0.5)


def test_keys_without_a_type_belong_to_the_type_that_is_named_later() -> None:
    path = written("optimizer: {learning_rate: 0.5}\n")
    experiment = load_experiment([path], Layer({"optimizer": "sgd"}))
    assert experiment.optimizer == Sgd(learning_rate=0.5)


def test_another_name_keeps_the_folder_of_datasets() -> None:
    path = written("dataset: {name: mnist, data_dir: data}\n")
    experiment = load_experiment([path], Layer({"dataset": "fashion_mnist"}))
    assert experiment.dataset == TfdsDataset(name="fashion_mnist", data_dir=Path("data").absolute())


def test_merge_changes_neither_of_its_arguments() -> None:
    earlier, later = {"a": {"b": 1}}, {"a": {"c": 2}}
    assert merge(earlier, later) == {"a": {"b": 1, "c": 2}}
    assert (earlier, later) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_loading_does_not_change_the_values_it_was_given() -> None:
    values = {"model": {"hidden_units": [3]}, "dataset": {"validation": 0.2}}
    load_experiment([], Layer(values))
    assert values == {"model": {"hidden_units": [3]}, "dataset": {"validation": 0.2}}


def test_a_path_in_a_file_is_relative_to_the_file() -> None:
    path = written("dataset: {name: mnist, data_dir: ../data}\n", "configs/e.yaml")
    dataset = load_experiment([path]).dataset
    assert isinstance(dataset, TfdsDataset)
    assert dataset.data_dir is not None
    assert dataset.data_dir.is_absolute()
    assert dataset.data_dir.resolve() == Path("data").resolve()


def test_a_tilde_in_a_file_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    path = written("dataset: {name: mnist, data_dir: ~/data}\n")
    dataset = load_experiment([path]).dataset
    assert isinstance(dataset, TfdsDataset)
    assert dataset.data_dir == Path("/home/someone/data")


def test_resolved_writes_the_name_out() -> None:
    experiment = Experiment(model=CnnModel()).resolved(DigitsDataset())
    assert experiment.name == "digits-cnn"
    assert experiment.names_dataset


SHARES = st.floats(0, 1, exclude_max=True)
UNITS = st.lists(st.integers(1, 1000), max_size=4).map(tuple)
RATES = st.floats(1e-300, 1e300)
TEXT = st.text(  # ruamel.yaml reads these line breaks of Unicode back as spaces
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\x85\u2028\u2029"),
    max_size=20,
)
EXPERIMENTS = st.builds(
    Experiment,
    name=st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    seed=st.integers(0, 2**32 - 1),
    dataset=st.builds(DigitsDataset, validation=SHARES)
    | st.builds(
        TfdsDataset,
        name=st.sampled_from(["mnist", "mnist:3.0.1", "mnist:3.*.*", "cifar10_corrupted/fog_1"]),
        validation=SHARES,
        test=SHARES,
        data_dir=st.none() | TEXT.map(lambda text: Path("/") / text),
        image_size=st.none() | st.tuples(st.integers(1, 4096), st.integers(1, 4096)),
    ),
    model=st.builds(MlpModel, hidden_units=UNITS, dropout=SHARES)
    | st.builds(CnnModel, hidden_units=UNITS, kernel_size=st.integers(1, 31)),
    optimizer=st.builds(Adam, learning_rate=RATES, beta_1=SHARES)
    | st.builds(AdamW, weight_decay=st.floats(0, 1e300))
    | st.builds(Sgd, momentum=SHARES.filter(bool), nesterov=st.booleans())
    | st.builds(RmsProp, rho=SHARES),
    training=st.builds(
        TrainingSettings,
        epochs=st.integers(1, 1_000_000),
        batch_size=st.integers(1, 10_000_000) | st.just("auto"),
        monitor=st.sampled_from(["validation_loss", "train_accuracy"]),
        deterministic=st.booleans(),
        device=st.sampled_from(["auto", "cpu", "gpu"]),
    ),
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(EXPERIMENTS)
def test_an_experiment_written_and_read_back_is_equal(
    tmp_path: Path, experiment: Experiment
) -> None:
    path = tmp_path / "config.yaml"
    write_experiment(experiment, path, header="made by a test")
    assert load_experiment([path]) == experiment


KEYS = [
    "name", "seed", "dataset", "model", "optimizer", "training", "type", "epochs", "validation",
    "hidden_units", "learning_rate", "data_dir", "image_size", "filters", "monitor", "epoch", "",
]  # fmt: skip
NONSENSE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["mnist", "digits", "mlp", "cnn", "sgd", "", "..", "a/b", "\x00", "é", "1"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), NONSENSE, max_size=4))
def test_nonsense_under_known_keys_is_explained(values: dict[str, Any]) -> None:
    try:
        load_experiment([], Layer(values))
    except NncliError as error:
        assert error.exit_code == 2
        assert error.message


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.lists(
            st.sampled_from(
                [*KEYS, ": ", "\n", "\n  ", "[", "]", "{", "}", ", ", "3", "&a ", "*a"]
            ),
            max_size=12,
        ),
    )
)
def test_no_file_makes_loading_raise_anything_but_an_explained_mistake(
    tmp_path: Path, content: bytes | list[str]
) -> None:
    path = tmp_path / "e.yaml"
    path.write_bytes(content if isinstance(content, bytes) else "".join(content).encode())
    try:
        load_experiment([path])
    except NncliError as error:
        assert error.exit_code == 2
        assert str(error).strip()


def test_a_run_folder_is_its_experiment() -> None:
    written("seed: 4\n", "runs/1-x/config.yaml")
    assert load_experiment([Path("runs/1-x")]).seed == 4


def test_several_missing_files_are_said_with_the_other_mistakes() -> None:
    written("seed: -1\n", "bad.yaml")
    with pytest.raises(ExperimentError) as caught:
        load_experiment([Path("one.yaml"), Path("bad.yaml"), Path("two.yaml")])
    assert [problem.splitlines()[0] for problem in caught.value.problems] == [
        "There is no file one.yaml.",
        "There is no file two.yaml.",
        "bad.yaml:1:1  seed: must be at least 0, not -1",
    ]


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(NotFoundError) as caught:
        load_experiment([Path("x" * 300)])
    assert str(caught.value) == f"Cannot read {'x' * 197}...: File name too long."


def test_a_url_is_no_file() -> None:
    written("{}", "here.yaml")
    with pytest.raises(NotFoundError) as caught:
        load_experiment([Path("https://example.org/here.yaml")])
    assert caught.value.hint == "nncli reads files, not URLs: download it first."


def test_a_number_for_a_function_of_ones_own_is_no_list(tmp_path: Path) -> None:
    """Other types have a list of that name, which may be typed without brackets."""
    (tmp_path / "own.py").write_text("def build(inputs, target, filters: int = 8): ...\n")
    layer = Layer.of_texts(
        [
            ("--set model.filters", ("model", "filters"), "4"),
            ("--set model.build", ("model", "build"), f"{tmp_path}/own.py:build"),
            ("--set model.type", ("model", "type"), "python"),
        ]
    )
    assert load_experiment([], layer).model.model_dump()["filters"] == 4
    of_cnn = Layer.of_texts([("--set", ("model",), "cnn"), ("--set", ("model", "filters"), "4")])
    assert load_experiment([], of_cnn).model.model_dump()["filters"] == (4,)

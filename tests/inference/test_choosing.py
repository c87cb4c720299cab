"""Evaluating on other data than the model's own: what fits, what does not, how it is read."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncli
from nncli.data import TableDataset
from nncli.errors import DataError, ModelFileError, NotFoundError, UsageError
from nncli.training import TrainingResult


def rows(count: int = 60) -> list[str]:
    draw = random.Random(0)
    sizes = [draw.random() for _ in range(count)]
    return [
        f"{x:.3f},{draw.choice(['red', 'blue'])},{'big' if x > 0.5 else 'small'}" for x in sizes
    ]


def table(path: Path, header: str = "size,colour,kind") -> Path:
    path.write_text("\n".join([header, *rows()]) + "\n")
    return path


@pytest.fixture(scope="module")
def of_table(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """A model of a table, with a column that it was told to ignore."""
    folder = tmp_path_factory.mktemp("of_table")
    path = folder / "flowers.csv"
    lines = [f"{number},{row}" for number, row in enumerate(rows())]
    path.write_text("\n".join(["note,size,colour,kind", *lines]) + "\n")
    dataset = {"path": str(path), "target": "kind", "columns": {"note": "ignore"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.chdir(folder)
        experiment = {"dataset": dataset, "training": {"epochs": 1}}
        return nncli.train(experiment, runs_dir=folder / "runs")


def test_a_table_without_an_ignored_column_is_evaluated(
    of_table: TrainingResult, tmp_path: Path
) -> None:
    other = table(tmp_path / "other.csv")
    assert nncli.evaluate(of_table.model_path, dataset=str(other)).examples == 60


def test_a_column_that_is_lacking_is_named_with_what_it_may_be_called(
    of_table: TrainingResult, tmp_path: Path
) -> None:
    renamed = table(tmp_path / "renamed.csv", "Sizes,colour,kind")
    with pytest.raises(DataError) as caught:
        nncli.evaluate(of_table.model_path, dataset=str(renamed))
    assert caught.value.message == "renamed.csv lacks the column 'size' that the model needs."
    assert "Is 'size' called 'Sizes' there? It has Sizes, colour, kind." in str(caught.value)
    none = table(tmp_path / "none.csv", "a,b,kind")
    with pytest.raises(DataError, match="lacks 2 columns that the model needs: size, colour"):
        nncli.evaluate(of_table.model_path, dataset=str(none))


def test_a_model_of_a_table_refuses_what_is_none(of_table: TrainingResult, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"rows of 2 columns \(size, colour\); digits has ima"):
        nncli.evaluate(of_table.model_path, dataset="digits")
    np.savez(tmp_path / "a.npz", x=np.eye(4, dtype="float32"), y=np.array([0, 1, 0, 1]))
    with pytest.raises(ModelFileError, match="a has arrays of 4 numbers"):
        nncli.evaluate(of_table.model_path, dataset=str(tmp_path / "a.npz"))


@pytest.mark.data
def test_arrays_of_a_catalogue_are_no_table(
    of_table: TrainingResult, shared_data: Path, tmp_path: Path
) -> None:
    from nncli.data.tfds import TfdsDataset, prepare
    from nncli.reporting import SilentReporter

    for name in ("iris", "penguins"):
        settings = TfdsDataset(name=name, data_dir=tmp_path)
        prepare(settings, archives=shared_data / "tfds" / name, reporter=SilentReporter())
        with pytest.raises((DataError, ModelFileError), match="size, colour"):
            nncli.evaluate(of_table.model_path, dataset=name, data_dir=tmp_path)


def test_a_model_of_images_refuses_a_table(digits_run: TrainingResult, tmp_path: Path) -> None:
    path = table(tmp_path / "flowers.csv")
    with pytest.raises(ModelFileError, match=r"images of 8 x 8 x 1 .*; flowers\.csv is a table"):
        nncli.evaluate(digits_run.model_path, dataset=str(path))
    with pytest.raises(NotFoundError, match=r"There is no file .*nothere\.csv"):
        nncli.evaluate(digits_run.model_path, dataset=str(tmp_path / "nothere.csv"))


def test_how_other_data_is_read_can_be_said(
    of_table: TrainingResult, tmp_path: Path, run_cli: Any
) -> None:
    path = table(tmp_path / "bad.csv")
    path.write_text(path.read_text() + "1,2,3,4,5\n")
    arguments = ["evaluate", str(of_table.model_path), "--dataset", "../bad.csv", "--quiet"]
    refused = run_cli(arguments)
    assert refused.exit_code == 1 and "--set dataset.on_error=skip" in refused.stderr
    result = run_cli([*arguments, "--json", "--set", "dataset.on_error=skip"])
    assert result.exit_code == 0 and '"all": 60' in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "dataset.on_error=skip"], "--set says how the data of --dataset is read"),
        (["--dataset", "OTHER", "--set", "training.epochs=3"], "training is no key of the dataset"),
        (["--dataset", "OTHER", "--set", "dataset.on_eror=skip"], "did you mean on_error?"),
        (["--dataset", "OWN", "--set", "dataset.on_error=skip"], "is read as it was then"),
        (["--dataset", "OTHER", "--set", "dataset.columns={size: text}"], "the model says itself"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_settings_that_mean_nothing_are_refused(
    of_table: TrainingResult, tmp_path: Path, run_cli: Any, arguments: list[str], message: str
) -> None:
    paths = {"OTHER": table(tmp_path / "other.csv"), "OWN": of_table.folder / "../../flowers.csv"}
    typed = [str(paths[a].resolve()) if a in paths else a for a in arguments]
    result = run_cli(["evaluate", str(of_table.model_path), *typed])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_copy_of_the_training_table_is_said_to_be_one(
    of_table: TrainingResult, tmp_path: Path, reporter: Any
) -> None:
    own = (of_table.folder / "../../flowers.csv").resolve()
    copy, other = tmp_path / "copy.csv", table(tmp_path / "other.csv")
    copy.write_bytes(own.read_bytes())
    nncli.evaluate(of_table.model_path, dataset=str(other), reporter=reporter)
    assert not reporter.warnings
    nncli.evaluate(of_table.model_path, dataset=str(copy), reporter=reporter)
    assert f"copy is the same as {own}, which the model was trained on" in " ".join(
        reporter.warnings
    )


def test_advice_about_the_own_data_is_what_evaluate_takes(tmp_path: Path) -> None:
    path = table(tmp_path / "own.csv")
    dataset = {"path": str(path), "target": "kind"}
    result = nncli.train({"dataset": dataset, "training": {"epochs": 1}}, runs_dir=tmp_path / "r")
    path.write_text(path.read_text() + "1,2,3,4,5\n")
    with pytest.raises(DataError, match="row 62") as caught:
        nncli.evaluate(result.model_path)
    assert "--dataset" in str(caught.value) and "--set" not in str(caught.value)


def test_the_python_api_takes_the_settings_of_other_data(
    of_table: TrainingResult, tmp_path: Path
) -> None:
    path = table(tmp_path / "bad.csv")
    path.write_text(path.read_text() + "1,2,3,4,5\n")
    other = TableDataset(path=path, on_error="skip")
    assert nncli.evaluate(of_table.model_path, dataset=other).examples == 60
    with pytest.raises(UsageError, match="the model says itself"):
        nncli.evaluate(of_table.model_path, dataset=TableDataset(path=path, columns={"b": "text"}))

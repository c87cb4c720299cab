"""`nncli evaluate`: gates, thresholds, calibration, comparison."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nncli
from nncli.errors import UsageError
from nncli.training import TrainingResult


def test_gates_that_are_met_say_nothing(run_cli: Any, digits_run: TrainingResult) -> None:
    gates = ["--require", "accuracy>0.2", "--require", "recall[0]>=0", "--require", "ece<1"]
    result = run_cli(["evaluate", digits_run.model_path, "--quiet", *gates])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_each_gate_that_is_missed_is_a_line(run_cli: Any, digits_run: TrainingResult) -> None:
    gates = ["--require", "accuracy>=0.999", "--require", "loss<=5", "--require", "recall[8]>1"]
    result = run_cli(["evaluate", digits_run.model_path, "--json", *gates])
    assert result.exit_code == 3
    lines = [line for line in result.stderr.splitlines() if not line.startswith("Decoding")]
    assert len(lines) == 2
    assert lines[0].startswith("not reached: accuracy>=0.999 (accuracy is 0.")
    assert lines[1].startswith("not reached: recall[8]>1 (recall[8] is 0.")
    assert json.loads(result.stdout)["outcome"] == "completed"


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("accuracy", "must be a condition such as"),
        ("accuracy>=high", "must be a condition such as"),
        ("acuracy>=0.9", "Did you mean accuracy?"),
        ("rmse<=1", "rmse is not measured"),
        ("recall[eight]>=0.9", "there is no class 'eight'"),
        ("accuracy[8]>=0.9", "of a class there are precision, recall, f1"),
    ],
)
def test_a_gate_that_means_nothing_is_exit_code_2(
    run_cli: Any, digits_run: TrainingResult, gate: str, said: str
) -> None:
    result = run_cli(["evaluate", digits_run.model_path, "--require", gate])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_the_document_has_all_numbers(run_cli: Any, digits_run: TrainingResult) -> None:
    document = json.loads(run_cli(["evaluate", digits_run.model_path, "--json"]).stdout)
    assessment = document["assessment"]
    assert assessment["metrics"]["accuracy"] == document["test"]["accuracy"]
    low, high = assessment["intervals"]["accuracy"]
    assert low < document["test"]["accuracy"] < high
    assert np.trace(assessment["confusion_matrix"]) / 359 == pytest.approx(
        document["test"]["accuracy"]
    )


def test_calibrating_keeps_the_decisions(
    run_cli: Any, refused: Callable[..., str], digits_run: TrainingResult, tmp_path: Path
) -> None:
    output = tmp_path / "calibrated.keras"
    result = run_cli(["evaluate", digits_run.model_path, "--calibrate", output])
    assert result.exit_code == 0 and "Temperature 0." in result.stdout
    assert digits_run.model_path is not None
    before, after = nncli.evaluate(digits_run.model_path), nncli.evaluate(output)
    assert before.metrics["accuracy"] == after.metrics["accuracy"]
    errors = [one.assessment.metrics["ece"] for one in (before, after)]
    assert errors[0] is not None and errors[1] is not None and errors[1] < errors[0] / 3
    import keras

    model = keras.saving.load_model(output)
    pixels = np.asarray(after.data.split.examples)
    np.testing.assert_allclose(model.predict(pixels, verbose=0), after.answers, atol=1e-5)
    again = refused(1, [output, "--calibrate", tmp_path / "twice.keras"])
    assert "is calibrated already" in again


@pytest.fixture
def refused(run_cli: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What is said when a command is refused with an exit code, before Keras is there."""

    def run(code: int, arguments: list[Any]) -> str:
        def too_late(**_: Any) -> None:
            raise AssertionError("it could have been known")

        with monkeypatch.context() as patch:
            patch.setattr("nncli.backend.prepare", too_late)
            result = run_cli(["evaluate", *arguments])
        assert result.exit_code == code, result.stderr
        return str(result.stderr)

    return run


def test_what_was_calibrated_and_compared_is_in_the_document(
    run_cli: Any, digits_run: TrainingResult, tmp_path: Path
) -> None:
    model, output, metrics = digits_run.model_path, tmp_path / "new.keras", tmp_path / "m.json"
    options = ["--calibrate", output, "--compare", model, "--output", metrics, "--json"]
    result = run_cli(["evaluate", model, *options])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document == json.loads(metrics.read_text())
    calibrated, comparison = document["calibrated"], document["comparison"]
    assert calibrated["path"] == str(output) and output.exists()
    assert calibrated["ece"][1] < calibrated["ece"][0]
    assert calibrated["crossentropy"][0] == pytest.approx(document["test"]["loss"], abs=1e-5)
    assert comparison["other"] == str(model) and comparison["metric"] == "accuracy"
    assert comparison["values"] == [document["test"]["accuracy"]] * 2
    assert comparison["difference"] == 0 and comparison["interval"] == [0, 0]
    assert (comparison["only_this"], comparison["only_other"], comparison["p_value"]) == (0, 0, 1)


def test_nothing_is_compared_or_calibrated_unasked(
    run_cli: Any, digits_run: TrainingResult
) -> None:
    document = json.loads(run_cli(["evaluate", digits_run.model_path, "--json"]).stdout)
    assert document["comparison"] is None and document["calibrated"] is None


def values_model(tmp_path: Path) -> Path:
    """A model that says values, and has no validation split."""
    rows = [f"{n % 7},{n % 7 * 2.5:.2f}" for n in range(60)]
    (tmp_path / "t.csv").write_text("x,price\n" + "\n".join(rows) + "\n")
    dataset = {"type": "table", "path": str(tmp_path / "t.csv"), "target": "price"}
    experiment = {"dataset": dataset, "training": {"epochs": 1}}
    path = nncli.train(experiment, run_dir=tmp_path / "values").model_path
    assert path is not None
    return path


def test_what_cannot_be_compared_is_said_before_the_evaluation(
    refused: Callable[..., str], digits_run: TrainingResult, tmp_path: Path
) -> None:
    model, other = digits_run.model_path, values_model(tmp_path)
    assert "There is no file" in refused(2, [model, "--compare", tmp_path / "missing.keras"])
    assert "Only models with the same answers" in refused(1, [model, "--compare", other])
    (tmp_path / "u.csv").write_text((tmp_path / "t.csv").read_text())
    dataset = {"type": "table", "path": str(tmp_path / "u.csv"), "target": "price"}
    elsewhere = nncli.train(
        {"dataset": dataset, "training": {"epochs": 1}}, run_dir=tmp_path / "elsewhere"
    )
    said = refused(1, [other, "--compare", elsewhere.model_path])
    assert "not on the same examples" in " ".join(said.split())


def test_what_cannot_be_calibrated_is_said_before_the_evaluation(
    refused: Callable[..., str], digits_run: TrainingResult, tmp_path: Path
) -> None:
    model, output = digits_run.model_path, tmp_path / "x.keras"
    dataset = {"type": "digits", "validation": 0.0}
    bare = nncli.train({"dataset": dataset, "training": {"epochs": 1}}, run_dir=tmp_path / "bare")
    said = refused(1, [bare.model_path, "--calibrate", output])
    assert "fitted on a validation split" in said
    said = refused(2, [values_model(tmp_path), "--calibrate", output])
    assert "no probabilities to calibrate" in said
    for split in ("validation", "all"):
        said = refused(2, [model, "--split", split, "--calibrate", output])
        assert "Leave out --split" in said
    assert not output.exists()


def test_a_model_that_is_compared_is_not_written_over(
    refused: Callable[..., str], digits_run: TrainingResult, tmp_path: Path
) -> None:
    model, other = digits_run.model_path, tmp_path / "other.keras"
    assert model is not None
    shutil.copyfile(model, other)
    link = tmp_path / "link.keras"
    link.symlink_to(other)
    for option in ("--calibrate", "--output"):
        for place in (other, link, model):
            said = refused(2, [model, "--compare", other, option, place])
            assert f"{option}: {place} is itself one of the files" in " ".join(said.split())
    assert other.read_bytes() == model.read_bytes()
    with pytest.raises(UsageError, match="is a model that is asked"):
        nncli.evaluate(model, compare=other, calibrate=link)
    assert other.read_bytes() == model.read_bytes()


def test_only_a_calibrated_model_is_replaced_by_another(
    run_cli: Any, refused: Callable[..., str], digits_run: TrainingResult, tmp_path: Path
) -> None:
    model, place = digits_run.model_path, tmp_path / "new.keras"
    assert model is not None
    shutil.copyfile(model, place)
    said = " ".join(refused(2, [model, "--calibrate", place]).split())
    assert "exists, and was not written by calibrating" in said
    place.unlink()
    for _ in range(2):
        assert run_cli(["evaluate", model, "--quiet", "--calibrate", place]).exit_code == 0


def test_errors_never_take_the_place_of_the_table(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    model, table = values_model(tmp_path), tmp_path / "t.csv"
    before = table.read_bytes()
    assert "is itself one of the files" in refused(2, [model, "--errors", table])
    other = tmp_path / "u.csv"
    other.write_bytes(before)
    assert "is itself" in refused(2, [model, "--dataset", other, "--errors", other])
    assert table.read_bytes() == before


def test_one_model_is_not_compared_with_a_cross_validation(
    refused: Callable[..., str], digits_run: TrainingResult, tmp_path: Path
) -> None:
    dataset = {"type": "digits", "folds": 2}
    folds = nncli.train({"dataset": dataset, "training": {"epochs": 1}}, run_dir=tmp_path / "cv")
    for both in ((digits_run.folder, folds.folder), (folds.folder, digits_run.folder)):
        said = refused(2, [both[0], "--compare", both[1]])
        assert "not asked about the same examples" in " ".join(said.split())
    said = refused(2, [digits_run.folder, "--compare", folds.folder, "--split", "validation"])
    assert "not about its validation split" in " ".join(said.split())


@pytest.mark.parametrize("name", ["model", "x.txt"])
def test_where_a_calibrated_model_may_be_written(
    run_cli: Any, digits_run: TrainingResult, name: str
) -> None:
    place = digits_run.model_path if name == "model" else name
    result = run_cli(["evaluate", digits_run.model_path, "--calibrate", place])
    assert result.exit_code == 2


def test_two_models_on_the_same_examples(
    run_cli: Any, digits_run: TrainingResult, tmp_path: Path
) -> None:
    experiment = {"dataset": "digits", "training": {"epochs": 12}}
    better = nncli.train(experiment, run_dir=tmp_path / "better").model_path
    result = run_cli(["evaluate", better, "--compare", digits_run.model_path])
    assert result.exit_code == 0
    assert "McNemar's test: p = " in result.stdout and "more than luck" in result.stdout
    same = run_cli(["evaluate", better, "--compare", better])
    assert "They do equally well on every example." in same.stdout
    assert "interval +0" not in same.stdout and "luck" not in same.stdout


@pytest.mark.parametrize(
    ("threshold", "said"), [("0.5", "decides between two classes"), ("1", "between 0 and 1")]
)
def test_a_threshold_is_for_two_classes(
    run_cli: Any, digits_run: TrainingResult, threshold: str, said: str
) -> None:
    result = run_cli(["evaluate", digits_run.model_path, "--threshold", threshold])
    assert result.exit_code == 2 and said in result.stderr


def test_what_a_threshold_decides_is_the_same_in_metrics_errors_slices_and_page(
    run_cli: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    seen = random.normal(size=400)
    rare = seen + random.normal(size=400) > 1
    rows = [
        f"{x:.3f},{'north' if n % 3 else 'south'},{'yes' if said else 'no'}"
        for n, (x, said) in enumerate(zip(seen, rare, strict=True))
    ]
    Path("t.csv").write_text("x,place,ill\n" + "\n".join(rows) + "\n")
    dataset = {"type": "table", "path": "t.csv", "target": "ill", "test": 0.5}
    model = nncli.train({"dataset": dataset, "training": {"epochs": 20}}, run_dir="run").model_path
    asked = ["evaluate", model, "--threshold", "0.2"]
    files = ["--errors", "e.csv", "--gallery", "e.png", "--report", "e.html"]
    result = run_cli([*asked, "--slice", "place", *files, "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    (right_no, said_yes), (said_no, right_yes) = document["assessment"]["confusion_matrix"]
    assert document["test"]["accuracy"] == (right_no + right_yes) / 200
    with Path("e.csv").open(newline="") as stream:
        wrong = list(csv.DictReader(stream))
    alarms = [float(row["confidence"]) for row in wrong if row["answer"] == "yes"]
    assert (len(alarms), len(wrong) - len(alarms)) == (said_yes, said_no)
    assert 0.2 <= min(alarms) < 0.5  # of which 0.5 would make right answers
    slices = document["slices"]["place"]
    assert sum(row["count"] * row["metrics"]["accuracy"] for row in slices) == pytest.approx(
        right_no + right_yes
    )
    page = Path("e.html").read_text()
    assert "yes is said from a probability of 0.2 on" in page
    [cells] = re.findall(r'id="cells">(.*?)</script>', page)
    behind = json.loads(cells)["examples"]
    assert len(behind["0-1"]) == min(said_yes, 6)
    shown = run_cli([*asked, "--quiet", "--errors", "again.csv"])
    assert shown.exit_code == 0 and Path("again.csv").read_text() == Path("e.csv").read_text()
    assert "yes is said from a probability of 0.2 on" in run_cli(asked).stdout
    assert nncli.evaluate(model, threshold=0.2).decisions.sum() == said_yes + right_yes

"""Which examples are wrong, and which labels may be."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import nncli
from nncli.errors import UsageError
from nncli.inference.error_files import draw_gallery, write_errors
from nncli.inference.errors import suspected_labels, worst_examples
from nncli.inference.evaluated import Evaluation
from nncli.reporting import SilentReporter
from nncli.training import TrainingResult

EvaluationOf = Callable[..., Evaluation]
SILENT = SilentReporter()
SWAPPED = 20


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as stream:
        return list(csv.DictReader(stream))


def messages() -> dict[str, Any]:
    """Sixty messages in a table, whose columns are called like those of the file of errors."""
    lines = ["text,answer,label"]
    lines += [f'"hello, {n}",{n % 7},{"spam" if n % 3 == 0 else "ham"}' for n in range(60)]
    Path("sms.csv").write_text("\n".join(lines) + "\n")
    columns = {"text": "text", "answer": "number"}
    return {"type": "table", "path": "sms.csv", "target": "label", "test": 0.5, "columns": columns}


@pytest.mark.slow
def test_planted_label_errors_come_first_and_are_suspected(tmp_path: Path) -> None:
    x, y = load_digits(return_X_y=True)
    # The last digits are by other writers than the first, and harder.
    order = np.random.default_rng(0).permutation(len(y))
    x, y = x[order].reshape(-1, 8, 8).astype(np.uint8), y[order].astype(np.int64)
    swapped = np.random.default_rng(1).choice(597, SWAPPED, replace=False)
    wrong = y[1200:].copy()
    wrong[swapped] = (wrong[swapped] + 3) % 10
    np.savez("planted.npz", x_train=x[:1200], y_train=y[:1200], x_test=x[1200:], y_test=wrong)
    run = nncli.train(
        {
            "dataset": "planted.npz", "model": {"type": "mlp", "hidden_units": [64]},
            "training": {"epochs": 60, "batch_size": 64}, "optimizer": {"learning_rate": 0.005},
        },
        runs_dir=tmp_path / "runs",
    )  # fmt: skip
    found = worst_examples(nncli.evaluate(run.model_path), None, SILENT)
    planted = {f"test:{place}" for place in swapped}
    first = [example.name for example in found[:SWAPPED]]
    assert len(planted & set(first)) >= SWAPPED - 3
    # The rule asks for more than average confidence, which a share of right answers never has.
    marked = {example.name for example in found if example.is_suspected}
    assert len(planted & marked) >= SWAPPED - 6
    assert len(marked - planted) < len(planted & marked)
    np.testing.assert_array_equal(
        found[0].original[..., 0], x[1200:][int(found[0].name.partition(":")[2])]
    )


def test_a_label_is_suspected_where_the_model_is_surer_of_another_than_usual() -> None:
    said = np.array([[0.9, 0.1]] * 9 + [[0.1, 0.9]] * 9 + [[0.05, 0.95], [0.3, 0.7]], np.float32)
    labels = np.array([0] * 9 + [1] * 9 + [0, 0])
    # Class 1 is believed with 0.9 on average: 0.7 is a mere mistake, 0.95 is not.
    assert np.flatnonzero(suspected_labels(said, labels)).tolist() == [18]


def test_confidence_that_labels_do_not_bear_out_makes_nothing_suspected() -> None:
    said = np.array([[0.9, 0.1]] * 9 + [[0.1, 0.9]] * 9 + [[0.05, 0.95]] * 2, np.float32)
    labels = np.array([0] * 9 + [1] * 9 + [0, 0])
    assert not suspected_labels(said, labels).any()
    # Of 11 answers 2 are labelled otherwise, of all examples 11 in 20: more than a quarter of that.
    often, again = np.concatenate([said, said[:18]]), np.concatenate([labels, labels[:18]])
    assert suspected_labels(often, again).sum() == 2  # 2 of 20, and 20 in 38


def test_always_saying_the_commonest_class_makes_nothing_suspected() -> None:
    sure = np.linspace(0.5, 0.6, 200)
    said = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    labels = (np.arange(200) % 8 == 0).astype(np.int64)
    assert not suspected_labels(said, labels).any()


def test_a_model_no_better_than_the_commonest_class_makes_nothing_suspected() -> None:
    """Though those that it is surest of are right, whether it says one class or, as often wrong as
    right, the other too."""
    labels = (np.arange(400) >= 320).astype(np.int64)
    sure = np.concatenate([np.linspace(0.95, 0.55, 318), [0.99] * 2, np.full(80, 0.51)])
    sure[320:322] = 0.97
    said = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    assert not suspected_labels(said, labels).any()
    said[300:310], said[330:340] = [0.1, 0.9], [0.1, 0.9]
    assert not suspected_labels(said, labels).any()
    said[330:390] = [0.1, 0.9]  # right about most of the others: now it has proved itself
    assert suspected_labels(said, labels)[320:322].all()


def test_of_classes_that_overlap_few_errors_are_suspected() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 4000)
    seen = random.normal(size=4000) + labels  # whose best classifier is right in 69 of 100
    sure = 1 / (1 + np.exp(0.5 - seen))
    said = np.stack([1 - sure, sure], axis=1).astype(np.float32)
    wrong = (said.argmax(axis=1) != labels).sum()
    assert wrong > 1100
    assert suspected_labels(said, labels).sum() < wrong / 50


def test_of_classes_that_overlap_little_planted_labels_are_most_of_the_suspected() -> None:
    """The census: sure of many, and with reason in doubt about the others."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 20_000)
    seen = random.normal(size=20_000) + 3 * labels  # whose best classifier errs in 7 of 100
    sure = 1 / (1 + np.exp(4.5 - 3 * seen))
    said = np.stack([1 - sure, sure], axis=1).astype(np.float32)
    mistaken = (said.argmax(axis=1) != labels).sum()
    assert suspected_labels(said, labels).sum() < mistaken / 50
    planted = random.random(20_000) < 0.03
    found = suspected_labels(said, np.where(planted, 1 - labels, labels))
    assert (found & planted).sum() > planted.sum() / 5
    assert (found & ~planted).sum() < found.sum() / 5


def test_a_class_without_examples_makes_nothing_suspected() -> None:
    said = np.array([[0.6, 0.2, 0.2], [0.0, 0.0, 1.0]], np.float32)
    assert not suspected_labels(said, np.array([0, 0])).any()


def test_wrong_examples_are_written_by_loss_with_their_row(evaluation_of: EvaluationOf) -> None:
    evaluation = evaluation_of(messages(), "test")
    answers = np.where(evaluation.answers > 0, 0.9, 0.1).astype(np.float32)
    answers[[3, 8]] = [[0.25, 0.75], [0.05, 0.95]]
    answers[[3, 8]] = np.where((evaluation.targets[[3, 8]] == 0)[:, None], answers[[3, 8]],
                               answers[[3, 8]][:, ::-1])  # fmt: skip
    evaluation = replace(evaluation, answers=answers)
    assert write_errors(evaluation, Path("errors.csv"), SILENT) == 2
    found = rows("errors.csv")
    lines = Path("sms.csv").read_text().splitlines()
    assert list(found[0]) == [
        "example", "truth", "answer", "confidence", "loss", "suspected", "text (input)",
        "answer (input)",
    ]  # fmt: skip
    assert [float(row["loss"]) for row in found] == pytest.approx(
        [-np.log(0.05), -np.log(0.25)], rel=1e-4
    )
    for row in found:
        file, _, number = row["example"].partition(":")
        line = f'"{row["text (input)"]}",{row["answer (input)"]},{row["truth"]}'
        assert file == "sms.csv"
        assert lines[int(number) - 1] == line
        assert row["answer"] != row["truth"]
    assert [row["suspected"] for row in found] == ["true", "false"]


def test_errors_as_json_lines_have_numbers_and_null(evaluation_of: EvaluationOf) -> None:
    lines = ["size,price", *(f"{'' if n == 9 else n % 7},{n}.5" for n in range(50))]
    Path("prices.csv").write_text("\n".join(lines))
    table = {"type": "table", "path": "prices.csv", "target": "price", "test": 0, "validation": 0}
    said = np.arange(50) + 0.5
    said[9] += 40
    evaluation = evaluation_of(table, "train", said[:, None])
    write_errors(evaluation, Path("errors.jsonl"), SILENT)
    first = json.loads(Path("errors.jsonl").read_text().splitlines()[0])
    assert first["example"] == "prices.csv:11"
    assert (first["truth"], first["answer"], first["confidence"]) == ("9.5", "49.5", None)
    assert first["size"] is None
    assert first["suspected"] is False


def test_of_several_labels_those_wrong_in_one_are_listed(evaluation_of: EvaluationOf) -> None:
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 10)
    np.savez("labels.npz", x=np.random.default_rng(0).normal(size=(40, 3)), y=labels)
    arrays = {"type": "arrays", "path": "labels.npz", "test": 0, "validation": 0}
    said = np.where(labels, 0.9, 0.1)
    said[6] = [0.9, 0.2]
    evaluation = evaluation_of(arrays, "train", said)
    (example,) = worst_examples(evaluation, None, SILENT)
    assert (example.name, example.truth, example.answer) == (
        "train:6", "target_1, target_2", "target_1"
    )  # fmt: skip
    assert example.confidence == pytest.approx(0.8)
    # What it has the 80 % about is not the label that it says.
    assert example.said == "target_1 (target_2: 20 %)"
    with pytest.raises(UsageError, match="no pictures"):
        draw_gallery(evaluation, Path("gallery.png"), SILENT)


def test_of_several_labels_the_worst_is_one_that_the_threshold_decides_wrong(
    evaluation_of: EvaluationOf,
) -> None:
    labels = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 10)
    np.savez("labels.npz", x=np.random.default_rng(0).normal(size=(40, 3)), y=labels)
    arrays = {"type": "arrays", "path": "labels.npz", "test": 0, "validation": 0}
    said = np.where(labels, 0.9, 0.1)
    said[4] = [0.25, 0.3]  # the first is true, and 0.2 decides so: the second is the mistake
    evaluation = evaluation_of(arrays, "train", said)
    decided_at = evaluation.assessment.model_copy(update={"threshold": 0.2})
    (example,) = worst_examples(evaluation.saying(assessment=decided_at), None, SILENT)
    assert (example.name, example.answer) == ("train:4", "target_1, target_2")
    assert example.confidence == pytest.approx(0.3)
    assert example.said == "target_1, target_2 (target_2: 30 %)"


def test_the_gallery_shows_images_and_texts(
    digits_run: TrainingResult, evaluation_of: EvaluationOf
) -> None:
    evaluation = nncli.evaluate(digits_run.model_path)
    draw_gallery(evaluation, Path("digits.png"), SILENT)
    wrong = len(worst_examples(evaluation, None, SILENT))
    with Image.open("digits.png") as picture:
        assert picture.width == 1200
        lit = np.asarray(picture.convert("L")) < 40  # the black ground of the digits
    assert wrong > 0
    assert lit.mean() > 0.1
    sms = evaluation_of(messages(), "test")
    draw_gallery(replace(sms, answers=sms.answers[:, ::-1]), Path("sms.png"), SILENT)
    with Image.open("sms.png") as picture:
        assert picture.width == 1200
    with pytest.raises(UsageError, match="nothing is answered wrong"):
        draw_gallery(sms, Path("none.png"), SILENT)
    assert not Path("none.png").exists()

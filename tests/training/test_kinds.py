"""Every kind of input and target, from files to a model that plain Keras opens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import nncli
from nncli.errors import UsageError

PLAIN_KERAS = """
import sys, keras, numpy as np, tensorflow as tf
model = keras.saving.load_model(sys.argv[1])
assert not any(name.startswith("nncli") for name in sys.modules)
rows = {"size": tf.constant([0.5, float("nan")]), "sort": tf.constant(["a", "never seen"])}
print(np.asarray(model(rows)).tolist())
"""


def table(folder: Path, answer: Any) -> Path:
    random = np.random.default_rng(0)
    sizes, sorts = random.normal(size=200), random.choice(["a", "b"], 200)
    rows = [
        f"{size:.4f},{sort},{answer(size, sort)}" for size, sort in zip(sizes, sorts, strict=True)
    ]
    (folder / "t.csv").write_text("size,sort,answer\n" + "\n".join(rows))
    return folder / "t.csv"


def trained(folder: Path, dataset: dict[str, Any], **others: Any) -> Any:
    training = {"epochs": 25, "batch_size": 16} | others.pop("training", {})
    experiment = {"dataset": dataset, "training": training, **others}
    return nncli.train(experiment, runs_dir=folder / "runs")


DATES = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
[unit] = [line for line in open(sys.argv[2]) if line.startswith("`np.array")]
days = eval(unit.strip(".`\\n").replace('["2024-01-31T18:00"]', "sys.argv[3:]"))
print(np.asarray(model({"day": days.astype("float32")})).tolist())
"""


def test_plain_keras_answers_about_dates_as_documented_and_as_predict_does(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    days = [f"2024-{1 + n % 12:02d}-{1 + n % 28:02d} {n % 24:02d}:30" for n in range(200)]
    path.write_text("day,warm\n" + "".join(f"{d},{4 <= int(d[5:7]) <= 9}\n" for d in days))
    result = trained(tmp_path, {"type": "table", "path": str(path), "target": "warm"})
    asked = tmp_path / "asked.csv"
    asked.write_text("day\n2024-01-31 18:00\n2025-07-14 00:00\n")
    expected = nncli.predict(result.model_path, asked).probabilities
    page = Path(__file__).parents[2] / "docs/run-folder.md"
    script = [sys.executable, "-c", DATES, str(result.model_path), str(page)]
    moments = ["2024-01-31T18:00", "2025-07-14T00:00"]
    said = subprocess.run([*script, *moments], capture_output=True, check=True, text=True).stdout
    answers = json.loads(said.splitlines()[-1])
    assert [int(np.argmax(answer)) for answer in answers] == [0, 1]
    np.testing.assert_allclose(answers, expected, rtol=1e-5)


def test_a_table_of_classes(tmp_path: Path) -> None:
    """Both columns matter: without either of them the score cannot be reached."""
    path = table(tmp_path, lambda size, sort: "yes" if (size > 0) == (sort == "a") else "no")
    result = trained(tmp_path, {"type": "table", "path": str(path), "target": "answer"})
    assert result.metrics.test["accuracy"] >= 0.9
    evaluation = nncli.evaluate(result.model_path)
    assert evaluation.metrics == result.metrics.test
    script = [sys.executable, "-c", PLAIN_KERAS, str(result.model_path)]
    said = subprocess.run(script, capture_output=True, check=True, text=True).stdout
    answers = json.loads(said.splitlines()[-1])
    assert answers[0][1] > 0.5 and sum(answers[1]) == pytest.approx(1)
    other = tmp_path / "other"
    other.mkdir()
    same = table(other, lambda size, sort: "no" if (size > 0) == (sort == "a") else "yes")
    worst = nncli.evaluate(result.model_path, dataset=str(same))
    assert worst.examples == 200 and worst.metrics["accuracy"] < 0.1


def test_values_are_measured_in_their_unit(tmp_path: Path) -> None:
    path = table(tmp_path, lambda size, sort: 5000 + 1000 * size + 500 * (sort == "a"))
    dataset = {"type": "table", "path": str(path), "target": "answer"}
    result = trained(tmp_path, dataset, training={"monitor": "validation_rmse", "epochs": 40})
    test = result.metrics.test
    assert set(test) == {"loss", "mae", "rmse", "r2"}
    assert test["mae"] <= test["rmse"] < 300 and test["r2"] > 0.9
    row = result.history[(result.metrics.kept_epoch or 1) - 1]
    again = nncli.evaluate(result.model_path, split="validation").metrics
    assert again["rmse"] == pytest.approx(row["validation_rmse"], rel=1e-4)
    assert again["mae"] == pytest.approx(row["validation_mae"], rel=1e-4)
    assert again["loss"] == pytest.approx(row["validation_loss"], rel=1e-4)
    model = keras.saving.load_model(result.model_path)
    rows = {"size": tf.constant([1.0]), "sort": tf.constant(["a"])}
    assert float(np.asarray(model(rows))[0, 0]) == pytest.approx(6500, abs=500)


def test_labels_are_counted_together(tmp_path: Path) -> None:
    path = table(tmp_path, lambda size, sort: f"{size > 0:d},{sort == 'a':d}")
    path.write_text(path.read_text().replace("answer", "x,y", 1))
    result = trained(tmp_path, {"type": "table", "path": str(path), "target": ["x", "y"]})
    assert set(result.metrics.test) == {"loss", "micro_f1"}
    assert result.metrics.test["micro_f1"] > 0.9
    evaluation = nncli.evaluate(result.model_path)
    assert evaluation.metrics == result.metrics.test
    assert [row.name for row in evaluation.per_class or []] == ["x", "y"]
    again = nncli.evaluate(result.model_path, split="validation").metrics
    row = result.history[(result.metrics.kept_epoch or 1) - 1]
    assert again["micro_f1"] == pytest.approx(row["validation_micro_f1"], abs=1e-6)


@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_texts(tmp_path: Path, family: str) -> None:
    words = ["red", "green", "blue", "grey", "pink"]
    random = np.random.default_rng(0)
    for name, word in {"bad": "awful", "good": "fine"}.items():
        lines = [" ".join([*random.choice(words, 6), word, *random.choice(words, 3)]) + "\n"
                 for _ in range(60)]  # fmt: skip
        (tmp_path / f"lines.{name}").write_text("".join(lines))
    result = trained(tmp_path, {"type": "folder", "path": str(tmp_path / "lines.*")}, model=family)
    assert result.metrics.test["accuracy"] == 1
    model = keras.saving.load_model(result.model_path)
    answers = np.asarray(model(tf.constant(["it was FINE, pink", "", "awful grey"])))
    assert answers[0].argmax() == 1 and answers[2].argmax() == 0
    assert np.isfinite(answers).all()
    assert nncli.evaluate(result.model_path).metrics == result.metrics.test


def test_a_cnn_for_a_table_is_refused_with_what_fits(tmp_path: Path) -> None:
    path = table(tmp_path, lambda size, sort: sort)
    dataset = {"type": "table", "path": str(path), "target": "answer"}
    with pytest.raises(UsageError, match="columns of a table") as caught:
        trained(tmp_path, dataset, model="cnn")
    assert caught.value.hint == "Families that fit: linear, mlp, tabular."


ON_JAX = """
import sys, json, nncli
dataset, folder = json.loads(sys.argv[1]), sys.argv[2]
training = {"epochs": 20, "batch_size": 16, "backend": "jax"}
result = nncli.train({"dataset": dataset, "training": training}, runs_dir=folder)
again = nncli.evaluate(result.model_path)
print(json.dumps([result.metrics.test, again.metrics, str(result.model_path)]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["table", "text"])
def test_strings_on_jax(tmp_path: Path, kind: str) -> None:
    """Layers of strings run in front of the model, from the same file, which TensorFlow opens."""
    if kind == "table":
        path = table(tmp_path, lambda size, sort: "yes" if sort == "a" else "no")
        dataset = {"type": "table", "path": str(path), "target": "answer"}
    else:
        for name, word in {"bad": "awful", "good": "fine"}.items():
            (tmp_path / f"lines.{name}").write_text(f"it was {word} indeed\n" * 40)
        dataset = {"type": "folder", "path": str(tmp_path / "lines.*")}
    script = [sys.executable, "-c", ON_JAX, json.dumps(dataset), str(tmp_path / "runs")]
    said = subprocess.run(script, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    trained_there, evaluated_there, path_of_model = json.loads(said.stdout.splitlines()[-1])
    assert trained_there["accuracy"] == 1
    assert trained_there == evaluated_there
    here = nncli.evaluate(path_of_model, backend="tensorflow")
    assert here.metrics["accuracy"] == 1
    assert here.metrics["loss"] == pytest.approx(trained_there["loss"], rel=1e-3)

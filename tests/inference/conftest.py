"""Evaluations of any data with any answers, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nncli
from nncli import data
from nncli.config import Layer, load_experiment
from nncli.config.training import TrainingSettings
from nncli.inference.asking import Answered
from nncli.inference.evaluated import EvaluatedData, Evaluation
from nncli.reporting import SilentReporter
from nncli.training import TrainingResult


@pytest.fixture
def evaluation_of(digits_run: TrainingResult) -> Callable[..., Evaluation]:
    """As if a model had said `answers` about a split; by default what is right, for classes."""

    def make(described: dict[str, Any], split: str, answers: Any = None) -> Evaluation:
        settings = load_experiment([], Layer({"dataset": described})).dataset
        dataset = data.load(settings, seed=0, reporter=SilentReporter())
        chosen = dataset.splits[split]
        if answers is None:
            answers = np.eye(len(dataset.target.names), dtype=np.float32)[chosen.labels]
        return replace(
            nncli.evaluate(digits_run.model_path),
            dataset=dataset.name,
            split=split,
            examples=len(chosen),
            target=dataset.target,
            answers=np.asarray(answers, np.float32),
            targets=chosen.labels,
            data=EvaluatedData(settings, 0, None, dataset, chosen),
        )

    return make


@pytest.fixture
def answered() -> Callable[[Evaluation], Answered]:
    """What a model said, taken from its evaluation."""

    def taken(evaluation: Evaluation) -> Answered:
        return Answered(
            path=evaluation.model_path,
            model=evaluation.model,
            description=evaluation.description,
            training=TrainingSettings(),
            target=evaluation.target,
            split=evaluation.split,
            answers=evaluation.answers,
            targets=evaluation.targets,
            data=evaluation.data,
            validation=None,
            penalty=0.0,
            loaded_seconds=0.0,
        )

    return taken

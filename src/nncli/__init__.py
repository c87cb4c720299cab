"""nncli: from data to a trained and evaluated Keras model, described in one YAML file.

The Python API is loaded on first use, so that importing nncli costs nothing:

    import nncli

    result = nncli.train("configs/digits.yaml")
    result.metrics.test["accuracy"]
    nncli.evaluate(result.model_path).metrics
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nncli.config import Experiment
    from nncli.inference import Evaluation, Predictions, evaluate, predict
    from nncli.training import TrainingResult, resume, train

__version__ = "0.1.0"
__all__ = [
    "Evaluation",
    "Experiment",
    "Predictions",
    "TrainingResult",
    "__version__",
    "evaluate",
    "predict",
    "resume",
    "train",
]

_HOMES = {
    "Evaluation": "nncli.inference",
    "Experiment": "nncli.config",
    "Predictions": "nncli.inference",
    "TrainingResult": "nncli.training",
    "evaluate": "nncli.inference",
    "predict": "nncli.inference",
    "resume": "nncli.training",
    "train": "nncli.training",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nncli' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

"""Training: from an experiment to a run folder."""

from nncli.training.engine import TrainingResult, train

__all__ = ["TrainingResult", "train"]

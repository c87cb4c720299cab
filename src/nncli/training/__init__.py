"""Training: from an experiment to a run folder."""

from nncli.training.engine import TrainingResult, resume, train

__all__ = ["TrainingResult", "resume", "train"]

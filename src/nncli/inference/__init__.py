"""Using a trained model: evaluating it."""

from nncli.inference.evaluation import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]

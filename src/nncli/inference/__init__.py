"""Using a trained model: evaluating it."""

from nncli.inference.evaluation import Evaluation, evaluate, measure

__all__ = ["Evaluation", "evaluate", "measure"]

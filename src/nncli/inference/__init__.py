"""Using a trained model: evaluating it, and asking it."""

from nncli.inference.evaluation import Evaluation, evaluate
from nncli.inference.prediction import Predictions, Predictor, predict

__all__ = ["Evaluation", "Predictions", "Predictor", "evaluate", "predict"]

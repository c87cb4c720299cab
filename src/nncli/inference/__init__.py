"""Using a trained model: evaluating it, and asking it."""

from nncli.inference.evaluated import Evaluation
from nncli.inference.evaluation import evaluate
from nncli.inference.prediction import Predictions, Predictor, predict

__all__ = ["Evaluation", "Predictions", "Predictor", "evaluate", "predict"]

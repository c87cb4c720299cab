"""The experiment: what users write, where its values come from, and what is wrong with them."""

from nncli.config.experiment import Experiment, TrainingSettings
from nncli.config.loading import Layer, load_experiment, write_experiment

__all__ = ["Experiment", "Layer", "TrainingSettings", "load_experiment", "write_experiment"]

"""The experiment: what users write, where its values come from, and what is wrong with them."""

from nncli.config.experiment import Experiment
from nncli.config.layers import Layer
from nncli.config.loading import (
    Resolved,
    experiment_text,
    load_experiment,
    plain_values,
    resolve,
    write_experiment,
)
from nncli.config.training import TrainingSettings

__all__ = [
    "Experiment",
    "Layer",
    "Resolved",
    "TrainingSettings",
    "experiment_text",
    "load_experiment",
    "plain_values",
    "resolve",
    "write_experiment",
]

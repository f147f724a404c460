"""Layers that compute what Keras's own do, faster: in fewer passes over the images, or in bfloat16.

They are for training only: ``model.standard_model`` makes the network that Keras alone can load. Each has
the name of Keras's own whose place it takes, if there is one.
"""

from runner.practice.fast_layers.activation import Activation
from runner.practice.fast_layers.convolution import Bias, Conv2D
from runner.practice.fast_layers.dense import Dense
from runner.practice.fast_layers.excitation import Scaling
from runner.practice.fast_layers.normalisation import BatchNormalization
from runner.practice.fast_layers.passing import Flatten, MaxPooling2D

__all__ = [
    "Activation",
    "BatchNormalization",
    "Bias",
    "Conv2D",
    "Dense",
    "Flatten",
    "MaxPooling2D",
    "Scaling",
]

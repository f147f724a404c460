"""The parameters of one training run of this practice, and the values they may take.

This is the only list of them: the experiments file is checked against it, papermill receives it,
and the model and training code read it. It imports no TensorFlow.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Optimizer = Literal["adam", "adamw", "muon", "rmsprop", "sgd"]
Loss = Literal["categorical_crossentropy", "categorical_focal_crossentropy"]
Augmentation = Literal["none", "flip", "flip-shift"]

IMAGE_SIDE = 32
CHANNELS = 3
CLASSES = 10
LEAST_SQUEEZED = 8
WHITENING_SIDE = 2  # of the kernel that whitens
MAX_BLOCKS = 5  # 32 halved five times is one pixel
TRAINING_IMAGES = {"cifar10": (50_000, 5_000), "digits": (1_437, 139)}  # of all classes, and of the rarest
MOST_RATE = 10.0


class Parameters(BaseModel):
    """One training run, complete: data, model, optimisation and seed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    # Data
    dataset: Literal["cifar10", "digits"]
    train_limit: Annotated[int, Field(ge=0, le=50_000)] = 0  # 0 takes all the images
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]
    seed: Annotated[int, Field(ge=0, lt=2**31)]

    # Model: blocks of convolutions with one max-pooling each, then dense layers
    stem_filters: Annotated[int, Field(ge=0, le=512)] = 0  # a first convolution before the blocks
    stem: Literal["learned", "whitening"] = "learned"
    stem_bias: bool = False  # of whitening, whose filters are not trained, while this is
    filters: Annotated[
        tuple[Annotated[int, Field(ge=1, le=512)], ...], Field(min_length=1, max_length=MAX_BLOCKS)
    ]
    filters_scale: Annotated[int, Field(ge=1, le=8)] = 1
    convs_per_block: Annotated[int, Field(ge=1, le=4)] = 1
    kernel_size: Literal[1, 3, 5, 7] = 3
    pool_after: Literal["first", "last"] = "last"  # which convolution of the block is pooled
    conv_init: Literal["random", "identity"] = "random"  # of the blocks
    activation: Literal["relu", "elu", "gelu", "silu"] = "relu"
    batch_norm: bool = False
    squeeze_ratio: Annotated[int, Field(ge=0, le=64)] = 0  # of squeeze and excitation; 0 leaves it out
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    head: Literal["flatten", "global-max"] = "flatten"
    dense: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=4)] = ()
    output_scale: Annotated[float, Field(gt=0, le=1)] = 1.0  # of what the output layer reads

    # Optimisation
    loss: Loss
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    optimizer: Optimizer
    learning_rate: Annotated[float, Field(gt=0, le=MOST_RATE)]
    learning_rate_batch: Annotated[int, Field(ge=0, le=4096)] = 0  # >0: the rate is for this batch
    kernel_rate: Annotated[float, Field(ge=0, le=1)] = 0.0  # of convolutions' kernels, over their length
    bias_rate: Annotated[float, Field(ge=1, le=1000)] = 1.0  # of biases, over that of other weights
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    schedule: Literal["constant", "one-cycle"] = "constant"
    augmentation: Augmentation = "none"
    batch_size: Annotated[int, Field(ge=1, le=4096)]
    epochs: Annotated[int, Field(ge=1, le=1000)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.momentum and self.optimizer not in ("muon", "sgd"):
            raise ValueError("momentum needs optimizer 'sgd' or 'muon'")
        if (self.optimizer == "muon") != (self.kernel_rate > 0):
            raise ValueError("optimizer 'muon' needs a kernel_rate above 0, and no other has one")
        if self.optimizer == "muon" and not self.momentum:
            raise ValueError("optimizer 'muon' needs a momentum above 0")
        if self.optimizer == "muon" and not self.batch_norm:
            raise ValueError("optimizer 'muon' needs batch_norm: it holds the length of kernels")
        if self.bias_rate != 1 and self.optimizer != "muon":
            raise ValueError("bias_rate needs optimizer 'muon'")
        if self.stem_bias and self.stem != "whitening":
            raise ValueError("stem_bias needs stem 'whitening'; a stem that is learned has one")
        if self.optimizer == "adamw" and not self.weight_decay:
            raise ValueError("optimizer 'adamw' needs a weight_decay above 0; without one it is 'adam'")
        if self.label_smoothing and self.loss != "categorical_crossentropy":
            raise ValueError("label_smoothing needs loss 'categorical_crossentropy'")
        most = 2 * CHANNELS * WHITENING_SIDE**2
        if self.stem == "whitening" and (self.stem_filters % 2 or not 0 < self.stem_filters <= most):
            raise ValueError(f"stem 'whitening' needs an even number of stem_filters, from 2 to {most}")
        if self.peak_learning_rate > MOST_RATE:
            rate = f"learning_rate x batch_size / learning_rate_batch is {self.peak_learning_rate:g}"
            raise ValueError(f"{rate}; at most {MOST_RATE:g} is allowed")
        return self

    @model_validator(mode="after")
    def _leaves_pixels(self) -> Self:
        """Each block halves the picture, from which whitening took a border before."""
        side = IMAGE_SIDE - (WHITENING_SIDE - 1 if self.stem == "whitening" else 0)
        most = int(math.log2(side))
        if len(self.filters) > most:
            what = f"filters: {len(self.filters)} blocks leave nothing of {side} x {side} pixels"
            raise ValueError(f"{what}, which can be halved {most} times; allowed here: 1 to {most} blocks")
        return self

    @model_validator(mode="after")
    def _splits(self) -> Self:
        """Every class is in both parts of what is taken: scikit-learn's conditions for that."""
        there, rarest = TRAINING_IMAGES[self.dataset]
        least = math.ceil(2 * there / rarest)
        if 0 < self.train_limit < least or there - CLASSES < self.train_limit < there:
            what = f"train_limit: {self.train_limit} of {there} images can't be taken from every class"
            allowed = f"0 (all the images) or {least} to {there - CLASSES}"
            raise ValueError(f"{what}; allowed for '{self.dataset}': {allowed}")
        if min(self.validation_images, self.train_images) < CLASSES:
            sizes = f"{self.train_images} images to train with and {self.validation_images} to validate with"
            taken = self.train_images + self.validation_images
            allowed = f"{CLASSES / taken:.6g} to {1 - CLASSES / taken:.6g}"
            raise ValueError(
                f"validation_fraction: {self.validation_fraction:g} of {taken} images gives {sizes}, "
                f"and each needs one of every class ({CLASSES}); allowed here: {allowed}"
            )
        return self

    @property
    def validation_images(self) -> int:
        """How many images the split puts aside."""
        return math.ceil(self.validation_fraction * self._taken)

    @property
    def train_images(self) -> int:
        """How many images are trained with."""
        return self._taken - self.validation_images

    @property
    def _taken(self) -> int:
        there, _ = TRAINING_IMAGES[self.dataset]
        return min(self.train_limit or there, there)

    @property
    def peak_learning_rate(self) -> float:
        """The rate in force: scaled linearly with the batch where a reference batch is given.

        Linear scaling: Goyal et al. 2017, arXiv:1706.02677.
        """
        if not self.learning_rate_batch:
            return self.learning_rate
        return self.learning_rate * self.batch_size / self.learning_rate_batch

    def squeezed(self, width: int) -> int:
        """Neurons between squeeze and excitation of so many maps."""
        return max(LEAST_SQUEEZED, width // self.squeeze_ratio)

    @property
    def widths(self) -> tuple[int, ...]:
        """Filters of the convolutions in each block."""
        return tuple(f * self.filters_scale for f in self.filters)

"""The recipes: each is a config, and a model with the one `step` that trains it. `base` says what they share."""

from __future__ import annotations

from typing import Literal, NamedTuple

from minicyclegan.models.base import Model, ModelConfig
from minicyclegan.models.bicyclegan import BicycleGAN, BicycleGANConfig
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.models.pix2pix import Pix2Pix, Pix2PixConfig


class Recipe(NamedTuple):
    model: type[Model]
    config: type[ModelConfig]


MODELS = {
    "cyclegan": Recipe(CycleGAN, CycleGANConfig),
    "pix2pix": Recipe(Pix2Pix, Pix2PixConfig),
    "bicyclegan": Recipe(BicycleGAN, BicycleGANConfig),
}
ModelName = Literal[*MODELS]


def build(config: ModelConfig, seed: int = 0) -> Model:
    """The model that this config describes, its weights drawn from `seed`."""
    return next(recipe.model for recipe in MODELS.values() if type(config) is recipe.config)(config, seed)

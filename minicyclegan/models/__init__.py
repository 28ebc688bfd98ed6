"""The three systems. Each is a config and a module with the one `step` that trains it."""

from __future__ import annotations

from typing import Literal

from minicyclegan.models.bicyclegan import BicycleGAN, BicycleGANConfig
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.models.pix2pix import Pix2Pix, Pix2PixConfig

ModelName = Literal["cyclegan", "pix2pix", "bicyclegan"]
Model = CycleGAN | Pix2Pix | BicycleGAN
ModelConfig = CycleGANConfig | Pix2PixConfig | BicycleGANConfig

CONFIGS: dict[ModelName, type[ModelConfig]] = {
    "cyclegan": CycleGANConfig,
    "pix2pix": Pix2PixConfig,
    "bicyclegan": BicycleGANConfig,
}


def build(config: ModelConfig, seed: int = 0) -> Model:
    """The model that this config describes."""
    if isinstance(config, CycleGANConfig):
        return CycleGAN(config, seed)
    return Pix2Pix(config, seed) if isinstance(config, Pix2PixConfig) else BicycleGAN(config, seed)

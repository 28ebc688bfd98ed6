"""The settings of a run, beside those of its model, and the presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from minicyclegan import config as settings
from minicyclegan.config import option
from minicyclegan.devices import DeviceName
from minicyclegan.networks import Direction

ModelName = Literal["cyclegan"]
PresetName = Literal["paper", "small"]


@dataclass(frozen=True)
class TrainConfig:
    """The published settings are the defaults. Raises ValueError, naming the option, for a value that can't work."""

    model: ModelName = option("cyclegan", "what to train")
    data: tuple[str, ...] = option(
        ("horse2zebra",), "an embedded world, a data set folder, or two plain folders of pictures: A, then B"
    )
    direction: Direction = option("AtoB", "BtoA exchanges the roles of A and B")
    size: int = option(256, "training pictures are SIZE x SIZE pixels, cut out of slightly larger ones", least=8)
    batch: int = option(1, "pictures of each domain a step", least=1)
    steps: int | None = option(None, "length of the run in steps", least=1)
    epochs: int | None = option(
        200, "length of the run in passes over the larger domain, where --steps is not given", least=1
    )
    decay: float = option(0.5, "share of the run, at its end, in which the learning rate falls linearly", least=0.0)
    seed: int = option(0, "seed of everything random", least=0)
    device: DeviceName = option("auto", "where to compute; auto takes a GPU where there is one")
    pictures: int = option(1000, "pictures that a world draws for each domain", least=1)
    save_every: int = option(1000, "steps between checkpoints", least=1)
    sample_every: int = option(1000, "steps between sample grids", least=1)
    cache: bool = option(False, "keep a world's drawn pictures on disk for the next run")

    def __post_init__(self) -> None:
        settings.check(self)
        if self.size % 4:
            raise ValueError(f"--size must be a multiple of 4, not {self.size}: the generators halve it twice")
        if self.decay > 1:
            raise ValueError(f"--decay is a share between 0 and 1, not {self.decay}")
        if self.steps is None and self.epochs is None:
            raise ValueError("--steps or --epochs must say how long to train")


def preset(name: PresetName, device: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a preset changes in TrainConfig and in the model's config, on a machine that computes on `device`."""
    if name == "paper":
        return {}, {}
    # Weaker cycle and identity losses than the published ones, and a higher rate, give stripes sooner.
    weights = {"lambda_cycle": 3.0, "lambda_identity": 1.3}
    settings = {"epochs": None, "decay": 0.65, "save_every": 500, "sample_every": 500}
    if device == "cpu":
        # Fitted to 4 minutes on 2 cores.
        networks = {"width": 16, "disc_width": 32, "blocks": 3, "disc_layers": 2, "lr": 1e-3}
        return settings | {"size": 64, "steps": 2700}, weights | networks
    # A GPU computes many times faster: larger pictures, wider and deeper networks.
    networks = {"width": 32, "disc_width": 64, "blocks": 6, "disc_layers": 3, "lr": 5e-4}
    return settings | {"size": 128, "steps": 4000}, weights | networks


def learning_rate_factor(step: int, steps: int, decay: float) -> float:
    """1 at first; over the last `decay` share of the steps a straight line down to just above 0.

    The published code counts in epochs and reaches exactly 0 in its last one, which it then trains at; here the line
    would reach 0 one step after the end.
    """
    falling = round(steps * decay)
    return min(1.0, (steps - step) / falling) if falling else 1.0

"""The settings of a run, beside those of its model, and the presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from minicyclegan import config as settings
from minicyclegan.config import option
from minicyclegan.devices import DeviceName
from minicyclegan.models import ModelName
from minicyclegan.networks import Direction
from minicyclegan.training.speed import MemoryFormat, Precision, Switch

PresetName = Literal["paper", "small", "photos"]


@dataclass(frozen=True)
class TrainConfig:
    """The published settings are the defaults. Raises ValueError, naming the option, for a value that can't work."""

    model: ModelName = option("cyclegan", "what to train")
    data: tuple[str, ...] = option(
        ("horse2zebra",), "a world, a data set folder, or two folders of pictures: A, then B"
    )
    direction: Direction = option("AtoB", "BtoA exchanges the roles of A and B")
    size: int = option(256, "training pictures are SIZE x SIZE pixels, cut out of slightly larger ones", least=8)
    load_size: int | None = option(
        None,
        "cuts are taken from pictures that keep their shape and have N pixels to their shorter side; worlds are drawn "
        "at N. Without it, pictures are squeezed to squares a little larger than SIZE, as published",
        least=8,
    )
    flip: bool = option(
        True, "mirror half of the cuts; --no-flip where left and right differ: writing, hands, shoes all turned one way"
    )
    batch: int = option(1, "pictures of each domain a step, of all processes together", least=1)
    steps: int | None = option(None, "length of the run in steps", least=1)
    epochs: int | None = option(200, "length in passes over the larger domain, where --steps is not given", least=1)
    decay: float = option(0.5, "share of the run, at its end, in which the learning rate falls linearly", least=0.0)
    ema: float = option(
        0.0,
        "share that an average of the generators' weights keeps at each step; 0: none. Where there is one, it paints "
        "the samples and translates",
        least=0.0,
        below=1,
    )
    seed: int = option(0, "seed of everything random", least=0, below=2**63)
    device: DeviceName = option("auto", "where to compute; auto takes a GPU where there is one")
    precision: Precision = option("float32", "what the networks compute in; auto: bfloat16 where the processor has it")
    compile: Switch = option("auto", "compile the networks: a minute or so before the first step; auto: off")
    kernels: Switch = option("auto", "fused GPU kernels for instance norm, by Triton; auto: in CUDA graphs")
    graphs: Switch = option("auto", "steps as CUDA graphs; auto: on NVIDIA's GPUs, where one process trains")
    memory_format: MemoryFormat = option("auto", "order of a map's numbers in memory; auto: channels_last with kernels")
    threads: int | None = option(None, "processor threads; by default PyTorch's own number, cores at most", least=1)
    pictures: int = option(1000, "pictures that a world draws for each domain", least=1)
    save_every: int = option(1000, "steps between checkpoints", least=1)
    sample_every: int = option(1000, "steps between sample grids", least=1)
    validate_every: int = option(
        1000, "steps between validations, which find alarms and the best step; 0: none, and no best.pt", least=0
    )
    cache: bool = option(False, "keep a world's drawn pictures on disk for the next run")

    def __post_init__(self) -> None:
        settings.check(self)
        if self.decay > 1:
            raise ValueError(f"--decay is a share between 0 and 1, not {self.decay}")
        if self.load_size is not None and self.load_size < self.size:
            raise ValueError(f"--load-size must be at least --size {self.size}, which is cut out, not {self.load_size}")
        if self.steps is None and self.epochs is None:
            raise ValueError("--steps or --epochs must say how long to train")


# What a preset changes in TrainConfig, and in the model's config
Defaults = tuple[Mapping[str, Any], Mapping[str, Any]]


def preset(name: PresetName, model: ModelName, device: str) -> Defaults:
    """The defaults of a machine that computes on `device`. They can't be changed, only joined with others by |."""
    settings, networks = {"paper": PAPER, "small": SMALL, "photos": PHOTOS}[name][model]
    if name == "small" and device != "cpu":
        # A GPU computes many times faster: larger pictures, wider and deeper networks.
        settings, networks = settings | SMALL_ON_GPU[model][0], networks | SMALL_ON_GPU[model][1]
    return MappingProxyType(settings), MappingProxyType(networks)


PAPER: dict[ModelName, Defaults] = {
    "cyclegan": ({}, {}),
    "pix2pix": ({"data": ("facades",)}, {}),
    "bicyclegan": ({"data": ("facades",), "batch": 2}, {}),
}

# Fitted to minutes on 2 CPU cores: 4 for CycleGAN, 3 for pix2pix, 8 for BicycleGAN. Precision is left to the processor
# where three seeds in bfloat16 were as good as in float32: not BicycleGAN's (docs/results.md).
SMALL: dict[ModelName, Defaults] = {
    "cyclegan": (
        {
            "precision": "auto",
            "epochs": None,
            "steps": 3600,
            "size": 64,
            "decay": 0.65,
            "ema": 0.999,
            "save_every": 500,
            "sample_every": 500,
            "validate_every": 225,
        },
        # Weaker cycle losses than the published ones, and a higher rate, give stripes sooner.
        {"lambda_cycle": 3.0, "lambda_identity": 3.0, "lr": 5e-4, "upsampling": "balanced"}
        | {"width": 16, "disc_width": 32, "blocks": 3, "disc_layers": 2},
    ),
    "pix2pix": (
        {"data": ("facades",), "precision": "auto", "epochs": None, "steps": 1900, "size": 64, "batch": 4}
        | {"ema": 0.995, "save_every": 500, "sample_every": 500, "validate_every": 100},
        # A tenth of the published weight of L1. Bilinear: skies without streaks (docs/results.md).
        {"lambda_l1": 10.0, "lr": 1e-3, "norm": "instance", "gan_loss": "lsgan", "upsampling": "bilinear"}
        | {"width": 32, "disc_width": 32, "depth": 5, "disc_layers": 2},
    ),
    "bicyclegan": (
        {"data": ("facades",), "epochs": None, "steps": 5000, "size": 64, "batch": 4, "decay": 0.6, "ema": 0.998}
        | {"save_every": 500, "sample_every": 500, "validate_every": 250},
        # A tenth of the published weight of KL against L1: with all of it, the code carries less of the wall's hue.
        {"lambda_l1": 20.0, "lambda_kl": 0.002, "lr": 5e-4, "encoder_norm": "none", "conditional": True}
        | {"upsampling": "bilinear", "width": 32, "disc_width": 64, "encoder_width": 32, "depth": 5}
        | {"encoder_blocks": 3, "disc_layers": 2, "disc_scales": 1},
    ),
}
SMALL_ON_GPU: dict[ModelName, Defaults] = {
    "cyclegan": (
        {"size": 128, "steps": 4000},
        {"width": 32, "disc_width": 64, "blocks": 6, "disc_layers": 3, "lr": 5e-4},
    ),
    "pix2pix": ({"size": 128, "steps": 4000}, {"depth": 6, "disc_layers": 3}),
    "bicyclegan": ({"size": 128, "steps": 4000}, {"depth": 6, "encoder_blocks": 4, "disc_layers": 3}),
}

# For folders of photos and a laptop's quarter of an hour: pictures keep the size at which brush strokes are drawn, and
# cuts of them are learned from. Nearer to the published weights of the losses: photos differ more than a world's.
# CycleGAN's was tried on paintings and photos, pix2pix's on building fronts; what BicycleGAN's paints has not been
# looked at yet.
PHOTOS: dict[ModelName, Defaults] = {
    "cyclegan": (
        SMALL["cyclegan"][0] | {"load_size": 256, "size": 96, "decay": 0.5},
        {"lambda_identity": 0.5, "lr": 4e-4, "upsampling": "balanced"}
        | {"width": 24, "disc_width": 32, "blocks": 6, "disc_layers": 3},
    ),
    "pix2pix": (
        SMALL["pix2pix"][0] | {"steps": 8000, "size": 128, "batch": 1, "ema": 0.998},
        SMALL["pix2pix"][1] | {"lambda_l1": 20.0, "lr": 4e-4, "depth": 6, "disc_layers": 3},
    ),
    "bicyclegan": (
        SMALL["bicyclegan"][0] | {"steps": 6000, "size": 128, "batch": 2},
        SMALL["bicyclegan"][1] | {"lr": 4e-4, "depth": 6, "encoder_blocks": 4, "disc_layers": 3},
    ),
}


def learning_rate_factor(step: int, steps: int, decay: float) -> float:
    """1 at first; over the last `decay` share of the steps a straight line down to just above 0.

    The published code counts in epochs and reaches exactly 0 in its last one, which it then trains at; here the line
    would reach 0 one step after the end.
    """
    falling = round(steps * decay)
    return min(1.0, (steps - step) / falling) if falling else 1.0

"""The ways to train that the papers' ablations compare, as data.

Tables that ask for the same one share its runs, which are named after it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from minicyclegan.ablate.measures import SIZE, JudgeName
from minicyclegan.models import ModelName


@dataclass(frozen=True)
class Setting:
    """One way to train: the name of its runs, and all options of `python -m minicyclegan.train` but seed and folder."""

    name: str
    model: ModelName
    judge: JudgeName
    options: Mapping[str, Any]

    @property
    def run_name(self) -> str:
        """Its name and a fingerprint of its options: once they are changed, old runs are not taken for new ones."""
        content = json.dumps([self.model, sorted(self.options.items())]).encode()
        return f"{self.name}-{hashlib.sha256(content).hexdigest()[:6]}"

    def arguments(self, seed: int, out: str) -> list[str]:
        """What a user types after `python -m minicyclegan.train` to get the same run."""
        words = ["--model", self.model]
        for name, value in self.options.items():
            flag = name.replace("_", "-")
            words += [f"--{'' if value else 'no-'}{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
        return [*words, "--cache", "--device", "cpu", "--seed", str(seed), "--out", out]

    def rehearsed(self) -> Setting:
        """The same in two steps on eight pictures."""
        return replace(self, options={**self.options, "steps": 2, "pictures": 8})


# ---- pix2pix -----------------------------------------------------------------------------------------------------

FACADES = {"data": "facades", "size": SIZE, "decay": 0.5, "save_every": 300}

PIX2PIX = FACADES | {
    "steps": 1400, "batch": 4, "lr": 1e-3, "norm": "instance", "dropout": 0.0, "gan_loss": "lsgan", "lambda_l1": 10.0,
    "depth": 4, "width": 16, "disc_width": 16, "disc_layers": 2,
}  # fmt: skip


def pix2pix(name: str, **changes: Any) -> Setting:
    return Setting(f"pix2pix-{name}", "pix2pix", "fronts", PIX2PIX | changes)


# ---- CycleGAN ----------------------------------------------------------------------------------------------------

CYCLEGAN = {
    "size": SIZE, "decay": 0.5, "save_every": 200, "batch": 1, "norm": "instance", "gan_loss": "lsgan",
    "blocks": 3, "width": 12, "pool_size": 50,
}  # fmt: skip


# No identity loss, as in the paper's own tables: a label map is no front.
BOTH_WAYS = CYCLEGAN | {
    "data": "facades", "steps": 1150, "lr": 3e-4, "lambda_cycle": 10.0, "lambda_identity": 0.0,
    "disc_width": 16, "disc_layers": 3,
}  # fmt: skip


def both_ways(name: str, **changes: Any) -> Setting:
    return Setting(f"cyclegan-facades-{name}", "cyclegan", "both ways", BOTH_WAYS | changes)


def horses(name: str, **changes: Any) -> Setting:
    options = CYCLEGAN | {
        "data": "horse2zebra", "steps": 850, "lr": 1e-3, "lambda_cycle": 3.0, "lambda_identity": 1.3,
        "disc_width": 24, "disc_layers": 2,
    }  # fmt: skip
    return Setting(f"cyclegan-horses-{name}", "cyclegan", "coats", options | changes)


def seasons(name: str, **changes: Any) -> Setting:
    options = CYCLEGAN | {
        "data": "summer2winter", "steps": 850, "lr": 5e-4, "lambda_cycle": 10.0, "lambda_identity": 0.5,
        "disc_width": 16, "disc_layers": 2,
    }  # fmt: skip
    return Setting(f"cyclegan-seasons-{name}", "cyclegan", "seasons", options | changes)


# ---- BicycleGAN --------------------------------------------------------------------------------------------------

BICYCLEGAN = FACADES | {
    "steps": 1200, "batch": 4, "lr": 1e-3, "latent": 8, "gan_loss": "lsgan", "lambda_l1": 15.0, "lambda_kl": 0.005,
    "norm": "instance", "disc_norm": "instance", "encoder_norm": "none", "conditional": True,
    "depth": 4, "width": 16, "disc_width": 16, "disc_layers": 2, "disc_scales": 1,
    "encoder_width": 12, "encoder_blocks": 3,
}  # fmt: skip


def bicyclegan(name: str, **changes: Any) -> Setting:
    return Setting(f"bicyclegan-{name}", "bicyclegan", "styles", BICYCLEGAN | changes)


def noise(name: str, **changes: Any) -> Setting:
    shared = {name: BICYCLEGAN[name] for name in PIX2PIX if name in BICYCLEGAN}
    options = PIX2PIX | shared | {"latent": BICYCLEGAN["latent"], "conditional": True}
    return Setting(f"pix2pix-noise-{name}", "pix2pix", "styles", options | changes)

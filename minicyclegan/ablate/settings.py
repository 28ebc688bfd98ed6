"""The ways to train that the papers' ablations compare, as data.

Each is written once: tables that ask for the same one share its runs, which are named after it.
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


def _pix2pix(name: str, **changes: Any) -> Setting:
    return Setting(f"pix2pix-{name}", "pix2pix", "fronts", PIX2PIX | changes)


L1 = _pix2pix("l1", lambda_gan=0.0)
GAN = _pix2pix("gan", lambda_l1=0.0, conditional=False)
CGAN = _pix2pix("cgan", lambda_l1=0.0)
L1_GAN = _pix2pix("l1-gan", conditional=False)
L1_CGAN = _pix2pix("l1-cgan")  # a U-Net, judged by patches of 34 pixels
ENCODER_DECODER_L1 = _pix2pix("encoder-decoder-l1", lambda_gan=0.0, skips=False)
ENCODER_DECODER = _pix2pix("encoder-decoder", skips=False)
PATCH_1 = _pix2pix("patch1", disc_layers=0)
PATCH_16 = _pix2pix("patch16", disc_layers=1)
PATCH_70 = _pix2pix("patch70", disc_layers=3)
PATCH_FULL = _pix2pix("patch-full", disc_layers=4)

# ---- CycleGAN ----------------------------------------------------------------------------------------------------

CYCLEGAN = {
    "size": SIZE, "decay": 0.5, "save_every": 200, "batch": 1, "norm": "instance", "gan_loss": "lsgan",
    "blocks": 3, "width": 12, "pool_size": 50,
}  # fmt: skip


def _both_ways(name: str, **changes: Any) -> Setting:
    # No identity loss, as in the paper's own tables: a label map is no front.
    options = CYCLEGAN | {
        "data": "facades", "steps": 1150, "lr": 3e-4, "lambda_cycle": 10.0, "lambda_identity": 0.0,
        "disc_width": 16, "disc_layers": 3,
    }  # fmt: skip
    return Setting(f"cyclegan-facades-{name}", "cyclegan", "both ways", options | changes)


def _horses(name: str, **changes: Any) -> Setting:
    options = CYCLEGAN | {
        "data": "horse2zebra", "steps": 850, "lr": 1e-3, "lambda_cycle": 3.0, "lambda_identity": 1.3,
        "disc_width": 24, "disc_layers": 2,
    }  # fmt: skip
    return Setting(f"cyclegan-horses-{name}", "cyclegan", "coats", options | changes)


def _seasons(name: str, **changes: Any) -> Setting:
    options = CYCLEGAN | {
        "data": "summer2winter", "steps": 850, "lr": 5e-4, "lambda_cycle": 10.0, "lambda_identity": 0.5,
        "disc_width": 16, "disc_layers": 2,
    }  # fmt: skip
    return Setting(f"cyclegan-seasons-{name}", "cyclegan", "seasons", options | changes)


FACADES_CYCLE = _both_ways("cycle", lambda_gan=0.0)
FACADES_GAN = _both_ways("gan", lambda_cycle=0.0)
FACADES_FORWARD = _both_ways("forward", cycle="forward")
FACADES_BACKWARD = _both_ways("backward", cycle="backward")
FACADES_FULL = _both_ways("full")

HORSES_FULL = _horses("full")
HORSES_CYCLE = _horses("cycle", lambda_gan=0.0, lambda_identity=0.0)
HORSES_GAN = _horses("gan", lambda_cycle=0.0, lambda_identity=0.0)
HORSES_NO_IDENTITY = _horses("no-identity", lambda_identity=0.0)
HORSES_NO_POOL = _horses("no-pool", pool_size=0)

SEASONS_FULL = _seasons("full")
SEASONS_NO_IDENTITY = _seasons("no-identity", lambda_identity=0.0)

# ---- BicycleGAN --------------------------------------------------------------------------------------------------

BICYCLEGAN = FACADES | {
    "steps": 1200, "batch": 4, "lr": 1e-3, "latent": 8, "gan_loss": "lsgan", "lambda_l1": 15.0, "lambda_kl": 0.005,
    "norm": "instance", "disc_norm": "instance", "encoder_norm": "none", "conditional": True,
    "depth": 4, "width": 16, "disc_width": 16, "disc_layers": 2, "disc_scales": 1,
    "encoder_width": 12, "encoder_blocks": 3,
}  # fmt: skip


def _styles(name: str, **changes: Any) -> Setting:
    return Setting(f"bicyclegan-{name}", "bicyclegan", "styles", BICYCLEGAN | changes)


def _noise(name: str, **changes: Any) -> Setting:
    shared = {name: BICYCLEGAN[name] for name in PIX2PIX if name in BICYCLEGAN}
    options = PIX2PIX | shared | {"latent": BICYCLEGAN["latent"], "conditional": True}
    return Setting(f"pix2pix-noise-{name}", "pix2pix", "styles", options | changes)


NOISE_100 = _noise("l1x100", lambda_l1=100.0)
NOISE_10 = _noise("l1x10", lambda_l1=10.0)
NOISE_100_BATCH = _noise("l1x100-batch-norm", lambda_l1=100.0, norm="batch")
NOISE_10_BATCH = _noise("l1x10-batch-norm", lambda_l1=10.0, norm="batch")
CAE_GAN = _styles("cae", variational=False, lambda_lr=0.0, lambda_latent=0.0)
CVAE_GAN = _styles("cvae", lambda_lr=0.0, lambda_latent=0.0)
CLR_GAN = _styles("clr", lambda_vae=0.0, lambda_l1=0.0, latent_trains_encoder=True)
BICYCLE = _styles("full")

# Small checkpoints of these ship with the lessons.
FOR_LESSONS: tuple[Setting, ...] = (
    L1, L1_CGAN, ENCODER_DECODER, PATCH_1, PATCH_16, PATCH_70, PATCH_FULL,
    HORSES_FULL, HORSES_NO_IDENTITY, HORSES_CYCLE, HORSES_GAN, NOISE_100, BICYCLE,
)  # fmt: skip

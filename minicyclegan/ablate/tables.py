"""The papers' tables as data: their rows, what is measured, what they should show, and what the papers report.

Rows that ask for the same setting share its runs, which are named after it.
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


@dataclass(frozen=True)
class Row:
    """A setting in a table, and what the paper reports of it, column by column; None where it has no such row."""

    label: str
    setting: Setting
    paper: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Claim:
    """`measure` is lower in row `low` than in row `high`, and there at most `at_most`: in words, `says`."""

    says: str
    measure: str
    low: str
    high: str
    at_most: float | None = None


@dataclass(frozen=True)
class Table:
    """One table of the page.

    measures   its columns
    paper      the paper's columns, each with our measure that is its kin
    compared   what the paper does, what is the same here and what is different: facts, not results
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    measures: tuple[str, ...]
    claims: tuple[Claim, ...]
    compared: str
    paper: tuple[tuple[str, str], ...] = ()

    def rehearsed(self) -> Table:
        return replace(self, rows=tuple(replace(row, setting=row.setting.rehearsed()) for row in self.rows))


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


# ---- Tables ------------------------------------------------------------------------------------------------------

L1 = pix2pix("l1", lambda_gan=0.0)
L1_CGAN = pix2pix("l1-cgan")  # a U-Net, judged by patches of 34 pixels

FRONTS = ("FCN accuracy", "FCN class accuracy", "FCN IoU", "sharpness", "texture", "L1")
CITYSCAPES = (
    ("per-pixel accuracy", "FCN accuracy"),
    ("per-class accuracy", "FCN class accuracy"),
    ("class IoU", "FCN IoU"),
)

PIX2PIX_LOSSES = Table(
    "pix2pix-losses",
    "pix2pix: which losses",
    rows=(
        Row("L1", L1, (0.42, 0.15, 0.11)),
        Row("GAN", pix2pix("gan", lambda_l1=0.0, conditional=False), (0.22, 0.05, 0.01)),
        Row("cGAN", pix2pix("cgan", lambda_l1=0.0), (0.57, 0.22, 0.16)),
        Row("L1 + GAN", pix2pix("l1-gan", conditional=False), (0.64, 0.20, 0.15)),
        Row("L1 + cGAN", L1_CGAN, (0.66, 0.23, 0.17)),
    ),
    measures=FRONTS,
    claims=(
        Claim("L1 alone blurs", "sharpness", "L1", "L1 + cGAN", at_most=0.75),
        Claim("L1 alone loses the walls' texture", "texture", "L1", "L1 + cGAN"),
        Claim("L1 alone is all the same nearest to the one true front", "L1", "L1", "L1 + cGAN"),
        Claim("a GAN that never sees the label map paints something else", "FCN accuracy", "GAN", "cGAN"),
        Claim("L1 is enough to tie a GAN's front to its label map", "FCN accuracy", "GAN", "L1 + GAN"),
    ),
    paper=CITYSCAPES,
    compared="The paper (table 1: Cityscapes, labels to photos at 256 px; real pictures 0.80 / 0.26 / 0.21) compares "
    "the same five objectives by the same scores. Here the label maps and fronts are those of the world `facades` at "
    f"64 px, the networks are small, the adversarial loss is least squares, and L1 weighs {PIX2PIX['lambda_l1']:g} "
    "rather than 100.",
)

PIX2PIX_SKIPS = Table(
    "pix2pix-skips",
    "pix2pix: U-Net against encoder-decoder",
    rows=(
        Row("encoder-decoder, L1", pix2pix("encoder-decoder-l1", lambda_gan=0.0, skips=False), (0.35, 0.12, 0.08)),
        Row("encoder-decoder, L1 + cGAN", pix2pix("encoder-decoder", skips=False), (0.29, 0.09, 0.05)),
        Row("U-Net, L1", L1, (0.48, 0.18, 0.13)),
        Row("U-Net, L1 + cGAN", L1_CGAN, (0.55, 0.20, 0.14)),
    ),
    measures=FRONTS,
    claims=(
        Claim(
            "without skips the label map's edges get lost",
            "FCN accuracy",
            "encoder-decoder, L1 + cGAN",
            "U-Net, L1 + cGAN",
        ),
        Claim("with L1 alone, too", "FCN accuracy", "encoder-decoder, L1", "U-Net, L1"),
        Claim("without skips L1 blurs even more", "sharpness", "encoder-decoder, L1", "U-Net, L1"),
    ),
    paper=CITYSCAPES,
    compared="The paper (table 2: Cityscapes, labels to photos) cuts the skips out of the same network, as is done "
    "here. There the bottleneck is eight levels down, at 1 x 1 pixel; here it is four levels down, at 4 x 4 pixels, "
    "and lets more of the layout through.",
)

PIX2PIX_PATCHES = Table(
    "pix2pix-patches",
    "pix2pix: how much the discriminator sees at once",
    rows=(
        Row("1 pixel", pix2pix("patch1", disc_layers=0), (0.39, 0.15, 0.10)),
        Row("16 pixels", pix2pix("patch16", disc_layers=1), (0.65, 0.21, 0.17)),
        Row("34 pixels", L1_CGAN),
        Row("70 pixels", pix2pix("patch70", disc_layers=3), (0.66, 0.23, 0.17)),
        Row("142 pixels: all", pix2pix("patch-full", disc_layers=4), (0.42, 0.16, 0.11)),
    ),
    measures=FRONTS,
    claims=(
        Claim("a judge of single pixels can't ask for texture", "texture", "1 pixel", "16 pixels"),
        Claim("nor for sharp edges", "sharpness", "1 pixel", "34 pixels"),
        Claim("a judge of everything at once teaches less", "FCN accuracy", "142 pixels: all", "16 pixels"),
    ),
    paper=CITYSCAPES,
    compared="The paper (table 3: Cityscapes, pictures of 256 px) has patches of 1, 16, 70 and 286 pixels. Pixels are "
    "counted alike here, but the pictures have only 64 of them to a side: 16 pixels are as much of a picture as 64 are "
    "there, 70 are all of it already, and 142, the deepest discriminator that fits, stands for the paper's 286.",
)

CYCLEGAN_FACADES = Table(
    "cyclegan-facades",
    "CycleGAN: which losses, in both directions",
    rows=(
        Row("cycle alone", both_ways("cycle", lambda_gan=0.0), (0.22, 0.07, 0.02, 0.10, 0.05, 0.02)),
        Row("GAN alone", both_ways("gan", lambda_cycle=0.0), (0.51, 0.11, 0.08, 0.53, 0.11, 0.07)),
        Row("GAN + forward cycle", both_ways("forward", cycle="forward"), (0.55, 0.18, 0.12, 0.49, 0.11, 0.07)),
        Row("GAN + backward cycle", both_ways("backward", cycle="backward"), (0.39, 0.14, 0.06, 0.01, 0.06, 0.01)),
        Row("GAN + both cycles", both_ways("full"), (0.52, 0.17, 0.11, 0.58, 0.22, 0.16)),
    ),
    measures=(*FRONTS[:4], "variety", "label accuracy", "label class accuracy", "label IoU"),
    claims=(
        Claim("the cycle alone paints no fronts", "FCN accuracy", "cycle alone", "GAN + both cycles"),
        Claim("the cycle alone paints no label maps", "label accuracy", "cycle alone", "GAN + both cycles"),
        Claim("a GAN alone does not keep the layout", "FCN accuracy", "GAN alone", "GAN + both cycles"),
        Claim("a GAN alone paints fronts that are too much alike", "variety", "GAN alone", "GAN + both cycles"),
        Claim(
            "for fronts, both cycles beat the forward one", "FCN accuracy", "GAN + forward cycle", "GAN + both cycles"
        ),
        Claim("and the backward one", "FCN accuracy", "GAN + backward cycle", "GAN + both cycles"),
        Claim(
            "for label maps, both cycles beat the forward one",
            "label accuracy",
            "GAN + forward cycle",
            "GAN + both cycles",
        ),
        Claim("and the backward one", "label accuracy", "GAN + backward cycle", "GAN + both cycles"),
    ),
    paper=(
        ("labels to photo: per-pixel accuracy", "FCN accuracy"),
        ("per-class accuracy", "FCN class accuracy"),
        ("class IoU", "FCN IoU"),
        ("photo to labels: per-pixel accuracy", "label accuracy"),
        ("per-class accuracy", "label class accuracy"),
        ("class IoU", "label IoU"),
    ),
    compared="The paper (tables 4 and 5: Cityscapes) scores the same five objectives in both directions, likewise "
    "without identity loss. Forward is label map to front and back, backward is front to label map and back. Here "
    f"the runs are {BOTH_WAYS['steps']:,} steps long rather than several hundred thousand.",
)

CYCLEGAN_HORSES = Table(
    "cyclegan-horses",
    "CycleGAN: what each part is for",
    rows=(
        Row("full", horses("full")),
        Row("cycle alone", horses("cycle", lambda_gan=0.0, lambda_identity=0.0)),
        Row("GAN alone", horses("gan", lambda_cycle=0.0, lambda_identity=0.0)),
        Row("without identity loss", horses("no-identity", lambda_identity=0.0)),
        Row("without pool", horses("no-pool", pool_size=0)),
    ),
    measures=("zebra coats", "horse coats", "background", "already there", "colour drift"),
    claims=(
        Claim("the cycle alone makes no zebras", "zebra coats", "cycle alone", "full", at_most=0.15),
        Claim("a GAN alone repaints what it should keep", "background", "full", "GAN alone"),
        Claim(
            "without identity loss, what is right already is changed", "already there", "full", "without identity loss"
        ),
        Claim("without it, backgrounds suffer", "background", "full", "without identity loss"),
        Claim("without the pool, fewer horses become zebras", "zebra coats", "without pool", "full"),
    ),
    compared="The paper has no numbers for these. It shows the identity loss in pictures (figure 9: without it, "
    "paintings of the day come out as photos at dusk), shows horses and zebras without any ablation, and takes the "
    "pool over from Shrivastava et al. 2017 without comparing. Here the animals' masks are known, so that coats and "
    "backgrounds can be measured apart.",
)

CYCLEGAN_SEASONS = Table(
    "cyclegan-seasons",
    "CycleGAN: identity loss and colour",
    rows=(
        Row("with identity loss", seasons("full")),
        Row("without identity loss", seasons("no-identity", lambda_identity=0.0)),
    ),
    measures=("already there", "colour drift", "distance"),
    claims=(
        Claim("without identity loss colours drift", "colour drift", "with identity loss", "without identity loss"),
        Claim("and more than colours", "already there", "with identity loss", "without identity loss"),
        Claim("it brings translations nearer to the truth", "distance", "with identity loss", "without identity loss"),
    ),
    compared="The paper (section 5.2, figure 9) adds the identity loss so that a picture which is of the target domain "
    "already keeps its colours, and shows it in pictures alone. Here the same is measured: winter pictures are "
    "translated to winter, and summer pictures to summer, on the world `summer2winter`, with the published weights of "
    "the cycle and of the identity loss.",
)

BICYCLEGAN = Table(
    "bicyclegan",
    "BicycleGAN: realism against diversity",
    rows=(
        Row("pix2pix + noise, L1 x 100", noise("l1x100", lambda_l1=100.0), (27.9, 0.01)),
        Row("pix2pix + noise, L1 x 10", noise("l1x10", lambda_l1=10.0)),
        Row("batch norm, L1 x 100", noise("l1x100-batch-norm", lambda_l1=100.0, norm="batch")),
        Row("batch norm, L1 x 10", noise("l1x10-batch-norm", lambda_l1=10.0, norm="batch")),
        Row("cAE-GAN", bicyclegan("cae", variational=False, lambda_lr=0.0, lambda_latent=0.0), (13.6, 0.20)),
        Row("cVAE-GAN", bicyclegan("cvae", lambda_lr=0.0, lambda_latent=0.0), (24.9, 0.10)),
        Row("cLR-GAN", bicyclegan("clr", lambda_vae=0.0, lambda_l1=0.0, latent_trains_encoder=True), (29.2, 0.09)),
        Row("BicycleGAN", bicyclegan("full"), (34.3, 0.11)),
    ),
    measures=("FCN accuracy", "texture", "patchiness", "diversity", "wall diversity", "colours met", "true colours"),
    claims=(
        Claim(
            "pix2pix + noise, with L1 weighed as published, gives one answer",
            "diversity",
            "pix2pix + noise, L1 x 100",
            "BicycleGAN",
            at_most=0.30,
        ),
        Claim(
            "with a tenth of that weight it gives more",
            "diversity",
            "pix2pix + noise, L1 x 100",
            "pix2pix + noise, L1 x 10",
        ),
        Claim("and with batch norm, too", "diversity", "batch norm, L1 x 100", "batch norm, L1 x 10"),
        Claim("but not as much as BicycleGAN", "diversity", "batch norm, L1 x 10", "BicycleGAN"),
        Claim("of random codes the cAE-GAN makes poor fronts", "FCN accuracy", "cAE-GAN", "BicycleGAN"),
        Claim("the cLR-GAN leaves colours out", "colours met", "cLR-GAN", "BicycleGAN"),
        Claim("the BicycleGAN's samples beat the cVAE-GAN's", "FCN accuracy", "cVAE-GAN", "BicycleGAN"),
    ),
    paper=(("people fooled, %", "FCN accuracy"), ("LPIPS between samples", "diversity")),
    compared="The paper (figure 6: maps to satellite pictures) asks people what is real, takes LPIPS for diversity, "
    "and has one pix2pix + noise, with L1 weighed as published. Here a segmenter reads the label map off every "
    "sample, and diversity is held against that of true fronts of the same label map. Three more pix2pix + noise show "
    "what the weight of L1 does, with the instance norm of all other rows and with the batch norm of the published "
    "pix2pix. The cAE-GAN is the cVAE-GAN with the encoder's mean as the code; the cLR-GAN's latent "
    "regression trains its encoder too, which nothing else would.",
)

ALL = (PIX2PIX_LOSSES, PIX2PIX_SKIPS, PIX2PIX_PATCHES, CYCLEGAN_FACADES, CYCLEGAN_HORSES, CYCLEGAN_SEASONS, BICYCLEGAN)
TABLES: dict[str, Table] = {table.name: table for table in ALL}

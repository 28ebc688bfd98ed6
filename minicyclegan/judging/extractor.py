"""The features that FID and KID compare: Inception's where its weights can be had, else the project's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import torch
from torch import Tensor

from minicyclegan.judging.classifier import FEATURES, SIZE, features
from minicyclegan.judging.metrics import Images, as_tensor

FeaturesName = Literal["auto", "own", "inception"]
BATCH = 16


class FeaturesError(RuntimeError):
    """Inception was asked for and can't be had; the message says why and what to do."""


@dataclass(frozen=True)
class Extractor:
    """`extract`: N uint8 pictures -> (N, d) float64. `name` says in every figure whose features these are."""

    name: str
    extract: Callable[[Images], Tensor]


OWN = Extractor(f"own net, {FEATURES} features at {SIZE} px", features)


def find_extractor(wanted: FeaturesName) -> Extractor:
    """The features called `wanted`; "auto" takes Inception's if torch-fidelity is installed and finds its weights.

    FID in the papers is Inception's, with 2,048 features and thousands of pictures; the own net's values stand on a
    scale of their own. Raises FeaturesError where "inception" can't be had.
    """
    if wanted == "own":
        return OWN
    try:
        return _inception()
    except FeaturesError:
        if wanted == "inception":
            raise
        return OWN


def _inception() -> Extractor:
    if find_spec("torch_fidelity") is None:  # looked for first: importing torchmetrics takes seconds
        raise FeaturesError("Inception's features need torch-fidelity: pip install torch-fidelity")
    # It loads the weights from its own file, or from the network the first time.
    try:
        from torchmetrics.image.fid import FrechetInceptionDistance

        network = FrechetInceptionDistance(feature=2048).inception.eval()
    except Exception as error:  # no network, a broken download, …: urllib and PyTorch raise many kinds
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise FeaturesError(f"Inception's weights can't be had ({reason}); use --features own") from None

    @torch.no_grad()
    def extract(images: Images) -> Tensor:
        x = as_tensor(images)
        network.to(x.device)
        return torch.cat([network(part.expand(-1, 3, -1, -1)) for part in x.split(BATCH)]).double()  # (N, 2048)

    return Extractor("Inception v3, 2048 features", extract)

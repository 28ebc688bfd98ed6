"""Signs that a run goes wrong, which its losses don't show."""

from __future__ import annotations

import torch
from torch import Tensor

from minicyclegan.models import Model

# Two and a half grey levels of 255: far below what styles differ by, well above what numerical noise makes.
IGNORED = 0.01


def code_effect(model: Model, a: Tensor, codes: int = 4) -> float:
    """How far apart the answers to the same pictures are: mean absolute difference over pairs of codes, in [0, 1].

    a (N, C, H, W) in [-1, 1]; the model has a code, and is in eval mode.
    """
    z = torch.randn(codes, model.config.latent, generator=torch.Generator().manual_seed(0)).to(a)  # (codes, latent)
    with torch.no_grad():
        answers = [model.G(a, one.expand(len(a), -1)) for one in z]  # codes x (N, C, H, W)
    pairs = [(first, second) for i, second in enumerate(answers) for first in answers[:i]]
    return sum((first - second).abs().mean().item() / 2 for first, second in pairs) / len(pairs)


def ignored_code(model: Model, a: Tensor) -> str | None:
    """A line of warning if the model takes a code and gives the same answer whatever it says, else None."""
    if not getattr(model.config, "latent", 0):
        return None
    effect = code_effect(model, a)
    if effect >= IGNORED:
        return None
    # Without an encoder there is only one weight that speaks against the code.
    remedy = "a lower --lambda-l1"
    if hasattr(model.config, "lambda_latent"):
        remedy += " or --lambda-kl, or a higher --lambda-latent,"
    return (
        f"the code is ignored: answers to one picture differ by {effect:.4f} of the range from black to white; "
        f"{remedy} gives it more to say"
    )

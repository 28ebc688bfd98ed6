"""The losses: pure functions of tensors, each beside its equation. All return 0-d tensors, means over all elements.

`real` and `fake` are a discriminator's raw outputs (logits), of any shape; sigma is the logistic function.
D minimises `discriminator_loss`, G minimises `generator_loss`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

GANLoss = Literal["vanilla", "minimax", "lsgan", "wgangp", "hinge"]


def discriminator_loss(real: Tensor, fake: Tensor, kind: GANLoss = "lsgan") -> Tensor:
    """Half the sum of what D pays on real pictures and on generated ones. Raises ValueError for an unknown kind."""
    if kind in ("vanilla", "minimax"):
        # -E log sigma(D(y)) - E log(1 - sigma(D(G(x))))   (Goodfellow et al. 2014, eq. 1)
        return 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())
    if kind == "lsgan":
        # E (D(y) - 1)^2 + E D(G(x))^2   (CycleGAN, section 4; Mao et al. 2017, eq. 2 with a = 0, b = c = 1)
        return 0.5 * ((real - 1).square().mean() + fake.square().mean())
    if kind == "wgangp":
        # E D(G(x)) - E D(y), to which the step adds `gradient_penalty`   (Gulrajani et al. 2017, eq. 3)
        return 0.5 * (fake.mean() - real.mean())
    if kind == "hinge":
        # E max(0, 1 - D(y)) + E max(0, 1 + D(G(x)))   (Miyato et al. 2018, eq. 16)
        return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())
    raise ValueError(_unknown(kind))


def generator_loss(fake: Tensor, kind: GANLoss = "lsgan") -> Tensor:
    """What G pays for not fooling D. Raises ValueError for an unknown kind."""
    if kind == "vanilla":
        # -E log sigma(D(G(x))): the non-saturating form   (Goodfellow et al. 2014, section 3)
        return F.softplus(-fake).mean()
    if kind == "minimax":
        # E log(1 - sigma(D(G(x)))): what D maximises, itself; its gradient vanishes where D wins
        return -F.softplus(fake).mean()
    if kind == "lsgan":
        # E (D(G(x)) - 1)^2   (CycleGAN, section 4)
        return (fake - 1).square().mean()
    if kind in ("wgangp", "hinge"):
        # -E D(G(x))   (Gulrajani et al. 2017, eq. 2; Miyato et al. 2018, eq. 17)
        return -fake.mean()
    raise ValueError(_unknown(kind))


def gradient_penalty(D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, points: Tensor) -> Tensor:
    """How far the slope of D is from 1 on the lines between real and generated pictures.

    real, fake: (N, C, H, W). points: (N, 1, 1, 1) in [0, 1], where on its line each picture is tried, 1 being real.
    Differentiable in D's weights.
    """
    between = (points * real + (1 - points) * fake).detach().requires_grad_()
    # A picture's score is its patches' mean; summing the scores gives every picture its own gradient in one pass.
    (gradient,) = torch.autograd.grad(D(between).mean(dim=(1, 2, 3)).sum(), between, create_graph=True)
    # E (||grad D(x)||_2 - 1)^2   (Gulrajani et al. 2017, eq. 3)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def cycle_loss(reconstruction: Tensor, original: Tensor) -> Tensor:
    """There and back again should change nothing. Two tensors of one shape."""
    # E ||F(G(x)) - x||_1   (CycleGAN, eq. 2, one of its two sides)
    return (reconstruction - original).abs().mean()


def identity_loss(output: Tensor, target: Tensor) -> Tensor:
    """A picture that is already in the target domain should stay as it is. Two tensors of one shape."""
    # E ||G(y) - y||_1   (CycleGAN, section 5.2, "photo generation from paintings", one of its two sides)
    return (output - target).abs().mean()


def l1_loss(output: Tensor, target: Tensor) -> Tensor:
    """How far the output is from its one true counterpart. Two tensors of one shape."""
    # L_L1 = E ||y - G(x, z)||_1   (pix2pix, eq. 3; BicycleGAN, eq. 2)
    return (output - target).abs().mean()


def kl_loss(mean: Tensor, log_variance: Tensor) -> Tensor:
    """How far the codes' Gaussians are from the standard normal: (N, latent) twice. A sum, as published, not a mean."""
    # L_KL = E D_KL(E(B) || N(0, I)) = -1/2 sum (1 + log sigma^2 - mu^2 - sigma^2)   (BicycleGAN, eq. 5)
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()


def latent_loss(read: Tensor, drawn: Tensor) -> Tensor:
    """Whether the encoder finds in G(x, z) the code z that was put in: (N, latent) twice."""
    # L_latent = E ||z - E(G(A, z))||_1   (BicycleGAN, eq. 7)
    return (read - drawn).abs().mean()


def _unknown(kind: str) -> str:
    return f'gan_loss must be "vanilla", "minimax", "lsgan", "wgangp" or "hinge", not {kind!r}'

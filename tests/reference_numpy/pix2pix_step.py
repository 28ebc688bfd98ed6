"""One whole optimisation step of pix2pix in NumPy: what `minicyclegan.models.pix2pix` must do, number for number."""

from __future__ import annotations

import numpy as np

import reference_numpy as rn
from reference_numpy import functional as F
from reference_numpy.networks import PatchDiscriminator, PixelDiscriminator, UnetGenerator
from reference_numpy.optim import Adam


def gan_loss(logits: rn.Tensor, target: float, vanilla: bool) -> rn.Tensor:
    """How far D's answer is from "real" (1) or "generated" (0): the mean over all patches."""
    wanted = np.full(logits.shape, target)
    return F.binary_cross_entropy_with_logits(logits, wanted) if vanilla else F.mse_loss(logits, wanted)


def update(optimizers: list[Adam], loss: rn.Tensor) -> None:
    """Only the optimizers' own parameters get a gradient, and none is left over from before."""
    for optimizer in optimizers:
        gradients = rn.grad(loss, optimizer.parameters)
        for parameter, gradient in zip(optimizer.parameters, gradients, strict=True):
            parameter.grad = gradient.data
    for optimizer in optimizers:
        optimizer.step()


class Pix2Pix:
    """Two networks and two optimizers; the discriminator's "layers": 0 is the PixelGAN."""

    def __init__(self, G: dict, D: dict, vanilla: bool = True, lambda_l1: float = 100.0, lr: float = 2e-4):
        self.G = UnetGenerator(**G)
        pixels = D.get("layers") == 0
        self.D = (
            PixelDiscriminator(**{k: v for k, v in D.items() if k != "layers"}) if pixels else PatchDiscriminator(**D)
        )
        self.vanilla, self.lambda_l1 = vanilla, lambda_l1
        self.optimizer_G = Adam(self.G.parameters(), lr, betas=(0.5, 0.999))
        self.optimizer_D = Adam(self.D.parameters(), lr, betas=(0.5, 0.999))

    def step(self, a: np.ndarray, b: np.ndarray) -> dict[str, float]:
        """Pairs a, b (N, C, H, W) -> the unweighted losses. D learns first, and G meets the D that has learnt."""
        fake_b = self.G(a)  # (N, C, H, W)
        fake = gan_loss(self.D(self.joined(a, fake_b.detach())), 0, self.vanilla)
        real = gan_loss(self.D(self.joined(a, b)), 1, self.vanilla)
        losses = {"D": 0.5 * (fake + real)}
        update([self.optimizer_D], losses["D"])

        losses["gan"] = gan_loss(self.D(self.joined(a, fake_b)), 1, self.vanilla)
        losses["l1"] = F.l1_loss(fake_b, b)  # E‖y − G(x, z)‖₁  (pix2pix eq. 3)
        update([self.optimizer_G], losses["gan"] + self.lambda_l1 * losses["l1"])
        return {name: loss.item() for name, loss in losses.items()}

    @staticmethod
    def joined(a: np.ndarray, b: np.ndarray | rn.Tensor) -> rn.Tensor:
        return rn.concatenate([a, b], axis=1)  # (N, channels of A + channels of B, H, W)

"""One whole optimisation step of CycleGAN in NumPy: what `minicyclegan.models.cyclegan` must do, number for number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import reference_numpy as rn
from reference_numpy import functional as F
from reference_numpy.networks import PatchDiscriminator, ResnetGenerator
from reference_numpy.optim import Adam


class ImagePool:
    """The history of generated pictures. `flip()` draws from [0, 1), `pick(n)` from 0 … n − 1."""

    def __init__(self, size: int, flip: Callable[[], float], pick: Callable[[int], int]):
        self.size, self.flip, self.pick = size, flip, pick
        self.images: list[np.ndarray] = []

    def query(self, images: rn.Tensor) -> rn.Tensor:
        """(N, C, H, W) -> (N, C, H, W), detached: each picture or, half of the time once full, an older one."""
        return rn.Tensor(np.stack([self._swap(image) for image in images.data])) if self.size else images.detach()

    def _swap(self, image: np.ndarray) -> np.ndarray:
        if len(self.images) < self.size:
            self.images.append(image)
            return image
        if self.flip() < 0.5:
            return image
        position = self.pick(self.size)
        old, self.images[position] = self.images[position], image
        return old


class CycleGAN:
    """Four networks and two optimizers; least-squares losses, or Wasserstein ones with a gradient penalty."""

    def __init__(self, G: dict, D: dict, pools: tuple[ImagePool, ImagePool], wgangp: bool = False, lr: float = 2e-4):
        self.G_AB, self.G_BA = ResnetGenerator(**G), ResnetGenerator(**G)
        self.D_A, self.D_B = PatchDiscriminator(**D), PatchDiscriminator(**D)
        self.pool_A, self.pool_B = pools
        self.wgangp = wgangp
        self.optimizer_G = Adam(self.G_AB.parameters() + self.G_BA.parameters(), lr, betas=(0.5, 0.999))
        self.optimizer_D = Adam(self.D_A.parameters() + self.D_B.parameters(), lr, betas=(0.5, 0.999))

    def step(self, a: np.ndarray, b: np.ndarray, share: Callable[[int], np.ndarray] | None = None) -> dict[str, float]:
        """a, b (N, C, H, W) -> the unweighted losses. `share(N)` draws the gradient penalty's points."""
        fake_B, fake_A = self.G_AB(a), self.G_BA(b)  # (N, C, H, W) each
        losses = {
            "gan_AB": self.generator_loss(self.D_B(fake_B)),
            "gan_BA": self.generator_loss(self.D_A(fake_A)),
            "cycle_A": F.l1_loss(self.G_BA(fake_B), a),  # E‖F(G(x)) − x‖₁  (CycleGAN eq. 2)
            "cycle_B": F.l1_loss(self.G_AB(fake_A), b),
            "identity_A": F.l1_loss(self.G_BA(a), a),  # E‖F(x) − x‖₁  (section 5.2)
            "identity_B": F.l1_loss(self.G_AB(b), b),
        }
        total = losses["gan_AB"] + losses["gan_BA"] + 10 * (losses["cycle_A"] + losses["cycle_B"])
        total = total + 5 * (losses["identity_A"] + losses["identity_B"])
        self.update(self.optimizer_G, total)

        fake_A, fake_B = self.pool_A.query(fake_A), self.pool_B.query(fake_B)
        losses["D_A"] = self.discriminator_loss(self.D_A(a), self.D_A(fake_A))
        losses["D_B"] = self.discriminator_loss(self.D_B(b), self.D_B(fake_B))
        total = losses["D_A"] + losses["D_B"]
        if self.wgangp:
            losses["penalty_A"] = self.gradient_penalty(self.D_A, a, fake_A.data, share(len(a)))
            losses["penalty_B"] = self.gradient_penalty(self.D_B, b, fake_B.data, share(len(b)))
            total = total + 5 * (losses["penalty_A"] + losses["penalty_B"])
        self.update(self.optimizer_D, total)
        return {name: loss.item() for name, loss in losses.items()}

    def generator_loss(self, fake: rn.Tensor) -> rn.Tensor:
        return -fake.mean() if self.wgangp else F.mse_loss(fake, np.ones(fake.shape))

    def discriminator_loss(self, real: rn.Tensor, fake: rn.Tensor) -> rn.Tensor:
        if self.wgangp:
            return 0.5 * (fake.mean() - real.mean())
        return 0.5 * (F.mse_loss(real, np.ones(real.shape)) + F.mse_loss(fake, np.zeros(fake.shape)))

    @staticmethod
    def gradient_penalty(D: PatchDiscriminator, real: np.ndarray, fake: np.ndarray, share: np.ndarray) -> rn.Tensor:
        """E (‖∇D(x)‖₂ − 1)² on the lines between real and generated pictures (Gulrajani et al. 2017, eq. 3)."""
        x = rn.Tensor(share * real + (1 - share) * fake, requires_grad=True)  # (N, C, H, W)
        (gradient,) = rn.grad(D(x).mean((1, 2, 3)).sum(), [x], create_graph=True)  # (N, C, H, W)
        slope = (gradient * gradient).sum((1, 2, 3)).sqrt()  # (N)
        return ((slope - 1) * (slope - 1)).mean()

    @staticmethod
    def update(optimizer: Adam, loss: rn.Tensor) -> None:
        for parameter, gradient in zip(optimizer.parameters, rn.grad(loss, optimizer.parameters), strict=True):
            parameter.grad = gradient.data
        optimizer.step()

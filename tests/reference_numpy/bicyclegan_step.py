"""One whole optimisation step of BicycleGAN in NumPy: what `models.bicyclegan` must do, number for number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import reference_numpy as rn
from reference_numpy import functional as F
from reference_numpy.networks import MultiscaleDiscriminator, StyleEncoder, UnetGenerator
from reference_numpy.optim import Adam
from tests.reference_numpy.pix2pix_step import gan_loss, update


class BicycleGAN:
    """Four networks, an optimizer each. `normal(N, latent)` draws codes from N(0, I)."""

    def __init__(
        self,
        G: dict,
        E: dict,
        D: dict,
        normal: Callable[[int, int], np.ndarray],
        vanilla: bool = False,
        lambda_l1: float = 10.0,
        lambda_kl: float = 0.01,
        lambda_latent: float = 0.5,
        lr: float = 2e-4,
    ):
        self.G, self.E = UnetGenerator(**G), StyleEncoder(**E)
        self.D_vae, self.D_lr = MultiscaleDiscriminator(**D), MultiscaleDiscriminator(**D)
        self.normal, self.vanilla = normal, vanilla
        self.lambda_l1, self.lambda_kl, self.lambda_latent = lambda_l1, lambda_kl, lambda_latent
        self.optimizers = {
            name: Adam(getattr(self, name).parameters(), lr, betas=(0.5, 0.999)) for name in ("G", "E", "D_vae", "D_lr")
        }

    def step(self, a: np.ndarray, b: np.ndarray) -> dict[str, float]:
        """Pairs a, b (N, C, H, W), N even -> the unweighted losses. The first half is encoded, the second is D_lr's."""
        half = len(a) // 2
        a1, b1, b2 = a[:half], b[:half], b[half:]
        mean, log_variance = self.E(b1)  # (half, latent) each
        z_encoded = mean + self.normal(*mean.shape) * (log_variance / 2).exp()  # z = μ + σ ε  (BicycleGAN, section 3.2)
        z_random = self.normal(*mean.shape)  # (half, latent)
        fake_encoded, fake_random = self.G(a1, z_encoded), self.G(a1, z_random)  # (half, C, H, W) each
        mean_again, _ = self.E(fake_random)  # (half, latent)

        losses = {
            "gan_vae": self.judged(self.D_vae, fake_encoded, 1),
            "gan_lr": self.judged(self.D_lr, fake_random, 1),
            "l1": F.l1_loss(fake_encoded, b1),  # E‖B − G(A, z)‖₁  (eq. 2)
            # −½ Σ (1 + log σ² − μ² − σ²), over pictures and numbers alike  (eq. 5)
            "kl": -0.5 * (1 + log_variance - mean * mean - log_variance.exp()).sum(),
            "latent": F.l1_loss(mean_again, z_random),  # E‖z − E(G(A, z))‖₁  (eq. 7)
        }
        both = losses["gan_vae"] + losses["gan_lr"] + self.lambda_l1 * losses["l1"] + self.lambda_kl * losses["kl"]
        self.update_G_and_E(both, self.lambda_latent * losses["latent"])

        for name, real, fake in (("D_vae", b1, fake_encoded), ("D_lr", b2, fake_random)):
            D = getattr(self, name)
            paid = self.judged(D, fake.detach(), 0) + self.judged(D, real, 1)
            update([self.optimizers[name]], paid)
            losses[name] = 0.5 * paid  # in the log alone
        return {name: loss.item() for name, loss in losses.items()}

    def update_G_and_E(self, both: rn.Tensor, G_alone: rn.Tensor) -> None:
        """E would hide the code in its own weights if the latent regression trained it too (section 4)."""
        G, E = self.optimizers["G"], self.optimizers["E"]
        of_both, of_G_alone = rn.grad(both, G.parameters + E.parameters), rn.grad(G_alone, G.parameters)
        for position, parameter in enumerate(G.parameters):
            parameter.grad = of_both[position].data + of_G_alone[position].data
        for parameter, gradient in zip(E.parameters, of_both[len(G.parameters) :], strict=True):
            parameter.grad = gradient.data
        E.step()
        G.step()

    def judged(self, D: MultiscaleDiscriminator, b: np.ndarray | rn.Tensor, target: float) -> rn.Tensor:
        """The sum over the scales of D."""
        return sum(gan_loss(logits, target, self.vanilla) for logits in D(b))

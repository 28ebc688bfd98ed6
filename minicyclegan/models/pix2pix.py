"""pix2pix (Isola, Zhu, Zhou, Efros 2017): what is optimised, in which order.

G translates pictures of domain A into domain B. D judges pairs (a, b): is b the true counterpart of a, or G's?
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from minicyclegan.config import option
from minicyclegan.losses import GANLoss, discriminator_loss, generator_loss, gradient_penalty, l1_loss
from minicyclegan.models.base import Model, ModelConfig, check_judged_size
from minicyclegan.networks import (
    Direction,
    LatentAt,
    Norm,
    PatchDiscriminator,
    PixelDiscriminator,
    UnetGenerator,
    Upsampling,
)


@dataclass(frozen=True)
class Pix2PixConfig(ModelConfig):
    """The published settings are the defaults."""

    paired = True

    channels_A: int = option(3, "channels of domain A: 1 (grey) or 3 (colour)", least=1)
    channels_B: int = option(3, "channels of domain B: 1 (grey) or 3 (colour)", least=1)
    width: int = option(64, "channels after the generator's first convolution", least=1)
    disc_width: int = option(64, "channels after the discriminator's first convolution", least=1)
    depth: int = option(8, "how often the generator halves the picture: sizes are multiples of 2^depth", least=2)
    skips: bool = option(True, "connections of the U-Net that skip the levels below; without: an encoder-decoder")
    disc_layers: int = option(
        3, "strided convolutions of the discriminator: 0, 1, 3, 5 see 1, 16, 70, 286 pixels", least=0
    )
    conditional: bool = option(True, "the discriminator sees (a, b); otherwise only b")
    norm: Norm = option("batch", "norm after the convolutions")
    dropout: float = option(
        0.5,
        "dropout in the generator's inner levels, from --depth 6 on: its only noise, unless there is a --latent",
        least=0.0,
        below=1,
    )
    upsampling: Upsampling = option(
        "transposed", "how the generators double their maps: all others make no checkerboard"
    )
    latent: int = option(
        0, "length of a random code for the generator (BicycleGAN's baseline pix2pix + noise)", least=0
    )
    latent_at: LatentAt = option("all", "where that code enters: at the input, or at all levels of the way down")
    lambda_l1: float = option(100.0, "weight of the L1 loss", least=0.0)
    lambda_gan: float = option(1.0, "weight of the adversarial loss; 0 trains no discriminator", least=0.0)
    lambda_penalty: float = option(10.0, "weight of the gradient penalty (--gan-loss wgangp only)", least=0.0)
    lr: float = option(2e-4, "Adam's learning rate", least=0.0)
    beta1: float = option(0.5, "Adam's first beta; the second is 0.999", least=0.0, below=1)
    gan_loss: GANLoss = option("vanilla", "adversarial loss")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lambda_l1 == 0 and self.lambda_gan == 0:
            raise ValueError("--lambda-l1 and --lambda-gan are both 0: nothing is left to learn from")

    def check_size(self, size: int) -> None:
        check_unet_size(size, self.depth)
        check_judged_size(size, self.disc_layers)


def check_unet_size(size: int, depth: int) -> None:
    """Raises ValueError, naming the nearest legal sizes, for pictures that a U-Net of this depth can't halve."""
    step = 2**depth
    if size % step:
        legal = [near for near in (size - size % step, size - size % step + step) if near]
        raise ValueError(
            f"--size {size} can't be halved {depth} times (--depth {depth}): "
            f"take a multiple of {step}, such as {' or '.join(map(str, legal))}, or a smaller --depth"
        )


class Pix2Pix(Model):
    """Two networks, two optimizers, and the one `step` that trains them.

    seed       draws the initial weights and, where there is one, the random code
    networks   put in place of the published ones: G=, D=
    """

    translators = {"AtoB": "G"}
    averaged = ("G",)
    judges = ("D",)
    pieces = ("train_networks",)

    def __init__(self, config: Pix2PixConfig | None = None, seed: int = 0, **networks: nn.Module):
        c = config or Pix2PixConfig()
        draw = torch.Generator().manual_seed(seed)
        seen = c.channels_A + c.channels_B if c.conditional else c.channels_B
        unet = c.depth, c.width, c.norm, c.dropout, c.skips, c.latent, c.latent_at, c.upsampling
        published = {
            "G": UnetGenerator(c.channels_A, c.channels_B, *unet, generator=draw),
            "D": PatchDiscriminator(seen, c.disc_width, c.disc_layers, c.norm, generator=draw)
            if c.disc_layers
            else PixelDiscriminator(seen, c.disc_width, c.norm, generator=draw),
        }
        super().__init__(c, published, networks)
        self.noise = torch.Generator().manual_seed(seed)  # of the code, and of the penalty's points
        self.optimizer_G, self.optimizer_D = self.adam("G"), self.adam("D")
        self.G_parameters = list(self.G.parameters())

    def step(self, a: Tensor, b: Tensor) -> dict[str, Tensor]:
        """One optimisation step on pairs: the discriminator, then the generator against the new discriminator.

        a (N, channels_A, H, W), b (N, channels_B, H, W) in [-1, 1] -> the unweighted loss terms, 0-d tensors.
        """
        c = self.config
        z = self.random(torch.randn, self.noise, a, c.latent) if c.latent else None  # (N, latent), from N(0, I)
        penalised = c.gan_loss == "wgangp" and c.lambda_gan > 0
        points = self.random(torch.rand, self.noise, b, 1, 1, 1) if penalised else None  # (N, 1, 1, 1)
        return self.train_networks(a, b, z, points)

    def train_networks(self, a: Tensor, b: Tensor, z: Tensor | None, points: Tensor | None) -> dict[str, Tensor]:
        """The step, once all that is random is drawn: the code z, and where D's penalty is taken."""
        fake_b = self.translate(a, z)  # (N, channels_B, H, W)
        losses: dict[str, Tensor] = {}
        if self.config.lambda_gan > 0:
            losses = self.discriminator_losses(a, b, fake_b.detach(), points)
            self.optimizer_D.zero_grad()
            self.discriminator_objective(losses).backward()
            self.optimizer_D.step()

        G_losses = self.generator_losses(a, b, fake_b)
        self.optimizer_G.zero_grad()
        # Only the generator's weights collect gradients: D is a judge here, not a learner.
        self.generator_objective(G_losses).backward(inputs=self.G_parameters)
        self.optimizer_G.step()
        self.update_average()
        return {name: loss.detach() for name, loss in (G_losses | losses).items()}

    def discriminator_losses(
        self, a: Tensor, b: Tensor, fake_b: Tensor, points: Tensor | None = None
    ) -> dict[str, Tensor]:
        """What D pays on true pairs and on generated ones; under wgangp also its penalty."""
        kind = self.config.gan_loss
        real, fake = self._pair(a, b), self._pair(a, fake_b)  # (N, channels_A + channels_B, H, W) each
        # The published order: it decides what a batch norm's running statistics end with.
        judged_fake, judged_real = self.in_one_pass(self.D, fake, real)  # (N, 1, h, w) each
        losses = {"D": discriminator_loss(judged_real, judged_fake, kind)}
        if kind == "wgangp":
            losses["penalty"] = gradient_penalty(self.D, real, fake, points)
        return losses

    def discriminator_objective(self, losses: dict[str, Tensor]) -> Tensor:
        # Half of lambda, since D is half of the published sum.
        return losses["D"] + (0.5 * self.config.lambda_penalty * losses["penalty"] if "penalty" in losses else 0.0)

    def generator_losses(self, a: Tensor, b: Tensor, fake_b: Tensor) -> dict[str, Tensor]:
        """The two terms of G, unweighted; the adversarial one only where it has a weight."""
        losses = {"l1": l1_loss(fake_b, b)}
        if self.config.lambda_gan > 0:
            # L_cGAN(G, D)   (eq. 1)
            losses["gan"] = generator_loss(self.D(self._pair(a, fake_b)), self.config.gan_loss)
        return losses

    def generator_objective(self, losses: dict[str, Tensor]) -> Tensor:
        """G* = arg min_G max_D L_cGAN(G, D) + lambda L_L1(G)   (eq. 4)."""
        objective = self.config.lambda_l1 * losses["l1"]
        return objective + self.config.lambda_gan * losses["gan"] if "gan" in losses else objective

    def translate(self, a: Tensor, z: Tensor | None = None) -> Tensor:
        """G of pictures, with codes where it takes any."""
        return self.G(a) if z is None else self.G(a, z)

    def _pair(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.cat([a, b], dim=1) if self.config.conditional else b

    @torch.no_grad()
    def sample_rows(self, a: Tensor, direction: Direction, truth: Tensor | None = None) -> dict[str, Tensor]:
        """With a code, shows three answers."""
        if not self.config.latent:
            return super().sample_rows(a, direction)
        z = torch.randn(3, self.config.latent, generator=torch.Generator().manual_seed(0)).to(a)  # (3, latent)
        G = self.translator(direction)
        answers = {f"answer {k + 1}": G(a, z[k].expand(len(a), -1)) for k in range(3)}  # (N, channels_B, H, W) each
        return {"input": a} | answers

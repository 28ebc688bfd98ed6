"""CycleGAN (Zhu, Park, Isola, Efros 2017): what is optimised, in which order.

G_AB translates pictures of domain A into domain B, G_BA the other way. D_A judges domain A, D_B judges domain B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from minicyclegan.config import option
from minicyclegan.image_pool import ImagePool
from minicyclegan.losses import GANLoss, cycle_loss, discriminator_loss, generator_loss, gradient_penalty, identity_loss
from minicyclegan.models.base import Model, ModelConfig, check_judged_size
from minicyclegan.networks import Direction, Norm, PatchDiscriminator, ResnetGenerator, Upsampling

Cycle = Literal["both", "forward", "backward"]


@dataclass(frozen=True)
class CycleGANConfig(ModelConfig):
    """The published settings are the defaults."""

    paired = False

    channels_A: int = option(3, "channels of domain A: 1 (grey) or 3 (colour)", least=1)
    channels_B: int = option(3, "channels of domain B: 1 (grey) or 3 (colour)", least=1)
    width: int = option(64, "channels after the generators' first convolution", least=1)
    disc_width: int = option(64, "channels after the discriminators' first convolution", least=1)
    blocks: int = option(9, "residual blocks of the generators", least=0)
    disc_layers: int = option(3, "strided convolutions of the discriminators: 1, 2, 3 see 16, 34, 70 pixels", least=1)
    norm: Norm = option("instance", "norm after the convolutions")
    dropout: float = option(0.0, "dropout inside the residual blocks", least=0.0, below=1)
    upsampling: Upsampling = option(
        "transposed", "how the generators double their maps: all others make no checkerboard"
    )
    lambda_gan: float = option(1.0, "weight of the two adversarial losses; 0 trains no discriminator", least=0.0)
    lambda_cycle: float = option(10.0, "weight of the two cycle losses", least=0.0)
    cycle: Cycle = option("both", "the cycle losses that count: forward, A -> B -> A; backward, B -> A -> B; or both")
    lambda_identity: float = option(0.5, "weight of the two identity losses, relative to --lambda-cycle", least=0.0)
    lambda_penalty: float = option(10.0, "weight of the gradient penalty (--gan-loss wgangp only)", least=0.0)
    pool_size: int = option(50, "generated pictures that each discriminator's history holds; 0: no history", least=0)
    lr: float = option(2e-4, "Adam's learning rate", least=0.0)
    beta1: float = option(0.5, "Adam's first beta; the second is 0.999", least=0.0, below=1)
    gan_loss: GANLoss = option("lsgan", "adversarial loss")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.identity and self.channels_A != self.channels_B:
            raise ValueError(
                "the identity loss needs as many channels in A as in B: set --lambda-identity 0, or equal channels"
            )
        if self.lambda_gan == 0 and self.lambda_cycle == 0:
            raise ValueError("--lambda-gan and --lambda-cycle are both 0: nothing is left to learn from")

    @property
    def identity(self) -> bool:
        """Whether the identity losses count: their weight is relative to that of the cycle losses."""
        return self.lambda_cycle > 0 and self.lambda_identity > 0

    def check_size(self, size: int) -> None:
        if size % 4:
            raise ValueError(f"--size must be a multiple of 4, not {size}: the generators halve it twice")
        check_judged_size(size, self.disc_layers)


class CycleGAN(Model):
    """Four networks, two optimizers, two image pools, and the one `step` that trains them.

    seed       draws the initial weights and the pools' swaps
    networks   put in place of the published ones: G_AB=, G_BA=, D_A=, D_B=
    """

    translators = {"AtoB": "G_AB", "BtoA": "G_BA"}
    averaged = ("G_AB", "G_BA")
    judges = ("D_A", "D_B")
    pieces = ("train_generators", "train_discriminators")

    def __init__(self, config: CycleGANConfig | None = None, seed: int = 0, **networks: nn.Module):
        c = config or CycleGANConfig()
        draw = torch.Generator().manual_seed(seed)
        A, B = c.channels_A, c.channels_B
        published = {
            "G_AB": ResnetGenerator(A, B, c.width, c.blocks, c.norm, c.dropout, c.upsampling, generator=draw),
            "G_BA": ResnetGenerator(B, A, c.width, c.blocks, c.norm, c.dropout, c.upsampling, generator=draw),
            "D_A": PatchDiscriminator(A, c.disc_width, c.disc_layers, c.norm, generator=draw),
            "D_B": PatchDiscriminator(B, c.disc_width, c.disc_layers, c.norm, generator=draw),
        }
        super().__init__(c, published, networks)
        self.pool_A, self.pool_B = ImagePool(c.pool_size, seed), ImagePool(c.pool_size, seed + 1)
        self.penalty_points = torch.Generator().manual_seed(seed)
        self.optimizer_G, self.optimizer_D = self.adam("G_AB", "G_BA"), self.adam("D_A", "D_B")
        self.G_parameters = [*self.G_AB.parameters(), *self.G_BA.parameters()]

    def step(self, real_A: Tensor, real_B: Tensor) -> dict[str, Tensor]:
        """One optimisation step: both generators, then both discriminators.

        real_A (N, channels_A, H, W), real_B (N, channels_B, H, W) in [-1, 1] -> the unweighted loss terms, 0-d tensors.
        """
        losses, fake_A, fake_B = self.train_generators(real_A, real_B)
        if self.config.lambda_gan > 0:
            # D sees pictures that G made a while ago, too (section 4, from Shrivastava et al. 2017).
            shown = self.pool_A.query(fake_A), self.pool_B.query(fake_B)
            losses |= self.train_discriminators(real_A, real_B, *shown, *self._penalty_points(real_A, real_B))
        return losses

    def train_generators(self, real_A: Tensor, real_B: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """The generators' half of a step: their losses, and the pictures that they made, fake_A and fake_B."""
        fake_B, same_B = self._translate(self.G_AB, real_A, real_B)  # (N, channels_B, H, W) each
        fake_A, same_A = self._translate(self.G_BA, real_B, real_A)  # (N, channels_A, H, W) each
        losses = self.generator_losses(real_A, real_B, fake_A, fake_B, same_A, same_B)
        self.optimizer_G.zero_grad()
        # Only the generators' weights collect gradients: D is a judge here, not a learner.
        self.generator_objective(losses).backward(inputs=self.G_parameters)
        self.optimizer_G.step()
        self.update_average()
        return {name: loss.detach() for name, loss in losses.items()}, fake_A.detach(), fake_B.detach()

    def train_discriminators(
        self, real_A: Tensor, real_B: Tensor, fake_A: Tensor, fake_B: Tensor, *points: Tensor
    ) -> dict[str, Tensor]:
        """The discriminators' half: their losses. points: for the penalties of D_A and D_B, under wgangp."""
        losses = self.discriminator_losses(real_A, real_B, fake_A, fake_B, *points)
        self.optimizer_D.zero_grad()
        self.discriminator_objective(losses).backward()
        self.optimizer_D.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def generator_losses(
        self,
        real_A: Tensor,
        real_B: Tensor,
        fake_A: Tensor,
        fake_B: Tensor,
        same_A: Tensor | None = None,
        same_B: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The six terms of G, unweighted; those without a weight are left out.

        same_A, same_B   G_BA(real_A) and G_AB(real_B), where they are known already
        """
        c = self.config
        losses: dict[str, Tensor] = {}
        if c.lambda_gan > 0:
            # L_GAN(G, D_B) and L_GAN(F, D_A)   (eq. 1)
            losses["gan_AB"] = generator_loss(self.D_B(fake_B), c.gan_loss)
            losses["gan_BA"] = generator_loss(self.D_A(fake_A), c.gan_loss)
        # L_cyc = E ||F(G(x)) - x||_1 + E ||G(F(y)) - y||_1   (eq. 2)
        if c.lambda_cycle > 0 and c.cycle != "backward":
            losses["cycle_A"] = cycle_loss(self.G_BA(fake_B), real_A)
        if c.lambda_cycle > 0 and c.cycle != "forward":
            losses["cycle_B"] = cycle_loss(self.G_AB(fake_A), real_B)
        if c.identity:
            # L_identity = E ||F(x) - x||_1 + E ||G(y) - y||_1   (section 5.2)
            losses["identity_A"] = identity_loss(self.G_BA(real_A) if same_A is None else same_A, real_A)
            losses["identity_B"] = identity_loss(self.G_AB(real_B) if same_B is None else same_B, real_B)
        return losses

    def generator_objective(self, losses: dict[str, Tensor]) -> Tensor:
        """L = L_GAN(G, D_B) + L_GAN(F, D_A) + lambda L_cyc + lambda lambda_identity L_identity (eq. 3, section 5.2)."""
        c = self.config
        weighted = [
            (c.lambda_gan, "gan_AB", "gan_BA"),
            (c.lambda_cycle, "cycle_A", "cycle_B"),
            (c.lambda_cycle * c.lambda_identity, "identity_A", "identity_B"),
        ]
        return sum(weight * sum(losses[name] for name in pair if name in losses) for weight, *pair in weighted)

    def discriminator_losses(
        self, real_A: Tensor, real_B: Tensor, fake_A: Tensor, fake_B: Tensor, *points: Tensor
    ) -> dict[str, Tensor]:
        """What each D pays on real pictures and on (older) generated ones; under wgangp also its penalty."""
        kind = self.config.gan_loss
        losses = {
            "D_A": discriminator_loss(*self.in_one_pass(self.D_A, real_A, fake_A), kind),
            "D_B": discriminator_loss(*self.in_one_pass(self.D_B, real_B, fake_B), kind),
        }
        if kind == "wgangp":
            losses["penalty_A"] = gradient_penalty(self.D_A, real_A, fake_A, points[0])
            losses["penalty_B"] = gradient_penalty(self.D_B, real_B, fake_B, points[1])
        return losses

    def discriminator_objective(self, losses: dict[str, Tensor]) -> Tensor:
        objective = losses["D_A"] + losses["D_B"]
        if self.config.gan_loss == "wgangp":
            # Half of lambda, since D_A and D_B are half of the published sum.
            objective = objective + 0.5 * self.config.lambda_penalty * (losses["penalty_A"] + losses["penalty_B"])
        return objective

    def _translate(self, G: nn.Module, source: Tensor, target: Tensor) -> Sequence[Tensor | None]:
        """G of what it should translate and of what it should leave alone: in one pass, where that changes nothing.

        A batch norm would mix the statistics of the two; without identity loss the second is not needed.
        """
        if self.config.norm == "batch" or not self.config.identity:
            return G(source), None
        return self.in_one_pass(G, source, target)

    def _penalty_points(self, *pictures: Tensor) -> list[Tensor]:
        """Where the penalty of each discriminator is taken, (N, 1, 1, 1) each; nothing but under wgangp."""
        drawn = pictures if self.config.gan_loss == "wgangp" else ()
        return [self.random(torch.rand, self.penalty_points, real, 1, 1, 1) for real in drawn]

    @torch.no_grad()
    def sample_rows(self, real: Tensor, direction: Direction, truth: Tensor | None = None) -> dict[str, Tensor]:
        output = self.translator(direction)(real)  # (N, C, H, W)
        back = self.translator("BtoA" if direction == "AtoB" else "AtoB")
        return {"input": real, "output": output, "back again": back(output)}

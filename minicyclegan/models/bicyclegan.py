"""BicycleGAN (Zhu, Zhang, Pathak, Darrell, Efros, Wang, Shechtman 2017): what is optimised, in which order.

G(a, z) translates a picture of domain A into one of the many of domain B that it could be; the code z says which.
E reads the code off a picture of domain B. Two cycles hold them together:

cVAE-GAN   b -> E -> z -> G(a, z) -> b again; D_vae judges its pictures
cLR-GAN    z -> G(a, z) -> E -> z again; D_lr judges its pictures
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from minicyclegan.config import option
from minicyclegan.losses import (
    GANLoss,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    kl_loss,
    l1_loss,
    latent_loss,
)
from minicyclegan.models.base import Model, ModelConfig, check_judged_size
from minicyclegan.models.pix2pix import check_unet_size
from minicyclegan.networks import (
    Direction,
    LatentAt,
    MultiscaleDiscriminator,
    Norm,
    StyleEncoder,
    UnetGenerator,
    Upsampling,
)


@dataclass(frozen=True)
class BicycleGANConfig(ModelConfig):
    """The published settings are the defaults.

    First weights are drawn from N(0, 0.02), as for the other models; the published code takes Xavier's, gain 0.02.
    """

    paired = True
    batch_parts = 2  # a half is encoded, the other half shows D_lr what is real

    latent: int = option(8, "length of the code that tells the answers apart", least=1)
    latent_at: LatentAt = option("all", "where the code enters: at the input, or at all levels of the way down")
    channels_A: int = option(3, "channels of domain A: 1 (grey) or 3 (colour)", least=1)
    channels_B: int = option(3, "channels of domain B: 1 (grey) or 3 (colour)", least=1)
    width: int = option(64, "channels after the generator's first convolution", least=1)
    disc_width: int = option(64, "channels after the discriminators' first convolution", least=1)
    encoder_width: int = option(64, "channels after the encoder's first convolution", least=1)
    depth: int = option(8, "how often the generator halves the picture: sizes are multiples of 2^depth", least=2)
    encoder_blocks: int = option(4, "residual blocks of the encoder, each of which halves the picture", least=0)
    disc_layers: int = option(3, "strided convolutions of the discriminators: 1, 2, 3 see 16, 34, 70 pixels", least=1)
    disc_scales: int = option(2, "sizes at which each discriminator judges: full, half, …", least=1)
    conditional: bool = option(False, "the discriminators see (a, b); otherwise only b, as published")
    norm: Norm = option("instance", "norm of the generator")
    disc_norm: Norm = option("instance", "norm of the discriminators")
    encoder_norm: Norm = option("instance", "norm of the encoder")
    dropout: float = option(0.0, "dropout in the generator's inner levels", least=0.0, below=1)
    lambda_l1: float = option(10.0, "weight of the L1 loss of the cVAE-GAN", least=0.0)
    lambda_kl: float = option(0.01, "weight of the codes' KL divergence from N(0, I)", least=0.0)
    variational: bool = option(True, "codes are drawn around the encoder's mean; without: they are it (the cAE-GAN)")
    lambda_latent: float = option(0.5, "weight of the latent regression", least=0.0)
    latent_trains_encoder: bool = option(
        False, "the latent regression trains the encoder too, not the generator alone (the cLR-GAN)"
    )
    upsampling: Upsampling = option(
        "transposed", "how the generators double their maps: all others make no checkerboard"
    )
    lambda_vae: float = option(1.0, "weight of the cVAE-GAN's adversarial loss; 0 leaves D_vae out", least=0.0)
    lambda_lr: float = option(1.0, "weight of the cLR-GAN's adversarial loss; 0 leaves D_lr out", least=0.0)
    lambda_penalty: float = option(10.0, "weight of the gradient penalty (--gan-loss wgangp only)", least=0.0)
    lr: float = option(2e-4, "Adam's learning rate", least=0.0)
    beta1: float = option(0.5, "Adam's first beta; the second is 0.999", least=0.0, below=1)
    gan_loss: GANLoss = option("lsgan", "adversarial loss")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.encodes and not self.regresses:
            raise ValueError(
                "--lambda-vae, --lambda-l1, --lambda-lr and --lambda-latent are all 0: nothing is left to learn from"
            )

    @property
    def encodes(self) -> bool:
        """Whether the cVAE-GAN's half of the objective counts."""
        return self.lambda_vae > 0 or self.lambda_l1 > 0

    @property
    def regresses(self) -> bool:
        """Whether the cLR-GAN's half of the objective counts."""
        return self.lambda_lr > 0 or self.lambda_latent > 0

    def check_size(self, size: int) -> None:
        check_unet_size(size, self.depth)
        check_judged_size(size, self.disc_layers, self.disc_scales)
        least = 2 ** (self.encoder_blocks + 1)
        if size < least:
            raise ValueError(f"--size {size} is too small for --encoder-blocks {self.encoder_blocks}: {least} at least")


class BicycleGAN(Model):
    """Four networks, an optimizer each, and the one `step` that trains them.

    seed       draws the initial weights and all codes
    networks   put in place of the published ones: G=, E=, D_vae=, D_lr=
    """

    translators = {"AtoB": "G"}
    averaged = ("G", "E")
    judges = ("D_vae", "D_lr")
    pieces = ("train_networks",)

    def __init__(self, config: BicycleGANConfig | None = None, seed: int = 0, **networks: nn.Module):
        c = config or BicycleGANConfig()
        draw = torch.Generator().manual_seed(seed)
        A, B = c.channels_A, c.channels_B
        judged = (A + B if c.conditional else B, c.disc_width, c.disc_layers, c.disc_norm, c.disc_scales)
        unet = c.depth, c.width, c.norm, c.dropout, True, c.latent, c.latent_at, c.upsampling  # True: with skips
        published = {
            "G": UnetGenerator(A, B, *unet, generator=draw),
            "E": StyleEncoder(B, c.latent, c.encoder_width, c.encoder_blocks, c.encoder_norm, generator=draw),
            "D_vae": MultiscaleDiscriminator(*judged, generator=draw),
            "D_lr": MultiscaleDiscriminator(*judged, generator=draw),
        }
        super().__init__(c, published, networks)
        self.noise = torch.Generator().manual_seed(seed)  # of all codes, and of the penalty's points
        self.optimizer_G, self.optimizer_E = self.adam("G"), self.adam("E")
        self.optimizer_D_vae, self.optimizer_D_lr = self.adam("D_vae"), self.adam("D_lr")
        self.GE_parameters = [*self.G.parameters(), *self.E.parameters()]

    def step(self, a: Tensor, b: Tensor) -> dict[str, Tensor]:
        """One optimisation step on pairs: G and E together, then D_vae, then D_lr.

        As published, the first half of the batch is encoded, and the second half shows D_lr what is real; a batch of
        one does both.

        a (N, channels_A, H, W), b (N, channels_B, H, W) in [-1, 1] -> the unweighted loss terms, 0-d tensors.
        """
        c = self.config
        half = a[: max(1, len(a) // 2)]
        eps = self.random(torch.randn, self.noise, half, c.latent) if c.encodes and c.variational else None
        z = self.random(torch.randn, self.noise, half, c.latent) if c.regresses else None  # (half, latent)
        points = [
            self.random(torch.rand, self.noise, half, 1, 1, 1) if weight > 0 and c.gan_loss == "wgangp" else None
            for weight in (c.lambda_vae, c.lambda_lr)
        ]
        return self.train_networks(a, b, eps, z, *points)

    def train_networks(
        self,
        a: Tensor,
        b: Tensor,
        eps: Tensor | None,
        z: Tensor | None,
        points_vae: Tensor | None,
        points_lr: Tensor | None,
    ) -> dict[str, Tensor]:
        """The step, once all that is random is drawn: numbers of N(0, I), (half, latent), and the penalties' points."""
        c = self.config
        half = max(1, len(a) // 2)
        a_encoded, b_encoded = a[:half], b[:half]  # (half, channels_A or channels_B, H, W)
        a_random, b_random = (a[half:], b[half:]) if len(a) > 1 else (a, b)  # the same, of the other half

        codes: dict[str, Tensor] = {}  # (half, latent) each
        if c.encodes:
            mean, log_variance = self.E(b_encoded)  # (half, latent) each
            # z = mu + sigma eps: the reparameterisation trick   (BicycleGAN, section 3.2; Kingma and Welling 2014)
            codes["vae"] = mean + eps * (0.5 * log_variance).exp() if c.variational else mean
        if c.regresses:
            codes["lr"] = z
        translated = self._translate(a_encoded, *codes.values())
        fakes = dict(zip(codes, translated, strict=True))  # (half, channels_B, H, W) each

        losses: dict[str, Tensor] = {}
        if c.encodes:
            losses["l1"] = l1_loss(fakes["vae"], b_encoded)
            if c.variational:
                # A sum over the batch, not a mean: what a process has stands for the parts of all.
                losses["kl"] = self.share.processes * kl_loss(mean, log_variance)
        if c.regresses:
            read = self.E(fakes["lr"]) if c.latent_trains_encoder else _frozen(self.E, fakes["lr"])
            losses["latent"] = latent_loss(read[0], codes["lr"])
        if c.lambda_vae > 0:
            losses["gan_vae"] = self._fooled(self.D_vae, a_encoded, fakes["vae"])
        if c.lambda_lr > 0:
            losses["gan_lr"] = self._fooled(self.D_lr, a_encoded, fakes["lr"])
        self.optimizer_G.zero_grad()
        self.optimizer_E.zero_grad()
        # Only G and E collect gradients: both D are judges here, not learners.
        self.generator_objective(losses).backward(inputs=self.GE_parameters)
        self.optimizer_G.step()
        self.optimizer_E.step()
        self.update_average()

        if c.lambda_vae > 0:
            losses |= self._train("D_vae", (a_encoded, b_encoded), (a_encoded, fakes["vae"].detach()), points_vae)
        if c.lambda_lr > 0:
            losses |= self._train("D_lr", (a_random, b_random), (a_encoded, fakes["lr"].detach()), points_lr)
        return {name: loss.detach() for name, loss in losses.items()}

    def generator_objective(self, losses: dict[str, Tensor]) -> Tensor:
        """L = L_GAN^VAE + lambda L_1^VAE + L_GAN + lambda_latent L_1^latent + lambda_KL L_KL   (section 3.4)."""
        c = self.config
        weights = {
            "gan_vae": c.lambda_vae,
            "gan_lr": c.lambda_lr,
            "l1": c.lambda_l1,
            "kl": c.lambda_kl,
            "latent": c.lambda_latent,
        }
        return sum(weights[name] * loss for name, loss in losses.items())

    def _translate(self, a: Tensor, *codes: Tensor) -> list[Tensor]:
        """G of the same pictures with each of these codes: in one pass, unless a batch norm would mix statistics."""
        if self.config.norm == "batch":
            return [self.G(a, z) for z in codes]
        together = self.G(torch.cat([a] * len(codes)), torch.cat(codes))  # (half or 2 half, channels_B, H, W)
        return list(together.split(len(a)))

    def _fooled(self, D: nn.Module, a: Tensor, fake_b: Tensor) -> Tensor:
        """What G pays for not fooling D: the sum over its scales."""
        return sum(generator_loss(judged, self.config.gan_loss) for judged in D(self._seen(a, fake_b)))

    def _train(
        self, name: str, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor], points: Tensor | None
    ) -> dict[str, Tensor]:
        """Trains the discriminator called `name` on true and on generated (a, b), and returns what it paid.

        It is logged as half of real + fake, like every other discriminator; as published, the whole is minimised.
        """
        D, kind = getattr(self, name), self.config.gan_loss
        seen_real, seen_fake = self._seen(*real), self._seen(*fake)  # (half, 3 or 6, H, W)
        # The published order; under batch norm it decides what the running statistics end with.
        judged_fake, judged_real = D(seen_fake), D(seen_real)  # a list of (half, 1, h, w), one a scale, each
        pairs = zip(judged_real, judged_fake, strict=True)
        losses = {name: sum(discriminator_loss(true, false, kind) for true, false in pairs)}
        objective = 2 * losses[name]
        if kind == "wgangp":
            penalty = gradient_penalty(_mean_over_scales(D), seen_real[: len(seen_fake)], seen_fake, points)
            losses[name.replace("D", "penalty")] = penalty
            objective = objective + self.config.lambda_penalty * penalty
        optimizer = getattr(self, f"optimizer_{name}")
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
        return losses

    def _seen(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.cat([a, b], dim=1) if self.config.conditional else b

    @torch.no_grad()
    def encode(self, b: Tensor) -> Tensor:
        """The code of each picture's style: (N, channels_B, H, W) in [-1, 1] -> (N, latent); in eval mode."""
        return self.at_its_best("E")(b)[0]  # (N, latent)

    @torch.no_grad()
    def sample(self, a: Tensor, n: int) -> Tensor:
        """Each picture in the same `n` styles: (N, channels_A, H, W) -> (N, n, channels_B, H, W); in eval mode."""
        z = torch.randn(n, self.config.latent, generator=torch.Generator().manual_seed(0)).to(a)  # (n, latent)
        G = self.at_its_best("G")
        return torch.stack([G(a, code.expand(len(a), -1)) for code in z], dim=1)  # (N, n, channels_B, H, W)

    @torch.no_grad()
    def sample_rows(self, a: Tensor, direction: Direction, truth: Tensor | None = None) -> dict[str, Tensor]:
        """Shows random styles, and the true picture's own style."""
        styles = self.sample(a, 4).unbind(1)  # 4 x (N, channels_B, H, W)
        rows = {"input": a} | {f"style {k + 1}": picture for k, picture in enumerate(styles)}
        if truth is not None:
            rows["truth's style"] = self.at_its_best("G")(a, self.encode(truth))  # (N, channels_B, H, W)
        return rows


def _frozen(network: nn.Module, x: Tensor) -> Any:
    """The network's answer, with gradients for x but none for the weights: it measures here, it does not learn."""
    return functional_call(network, {name: weight.detach() for name, weight in network.named_parameters()}, (x,))


def _mean_over_scales(D: nn.Module) -> Any:
    """D with one number a picture, (N, 1, 1, 1), as the gradient penalty wants it."""
    return lambda x: torch.stack([judged.mean(dim=(1, 2, 3), keepdim=True) for judged in D(x)]).mean(0)

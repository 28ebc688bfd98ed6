"""The steps of pix2pix and BicycleGAN as their papers' code has them, once more, with PyTorch's own losses.

What a step of ours must equal; and the small tools that the tests of the models share.
"""

import copy

import torch
from torch.nn import functional as F

from minicyclegan.models.bicyclegan import BicycleGAN
from minicyclegan.models.pix2pix import Pix2Pix


def batch(seed: int, count: int = 4, side: int = 16, channels: tuple[int, int] = (3, 3)) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.rand(count, c, side, side, generator=draw, dtype=torch.float64) * 2 - 1 for c in channels]


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, second[name]) for name, value in first.items())


def noise_of(model: BicycleGAN) -> torch.Generator:
    """A generator that goes on as the model's own will."""
    generator = torch.Generator()
    generator.set_state(model.noise.get_state())
    return generator


class PublishedPix2Pix:
    """pix2pix's step, as published: D on the detached fake, half of the sum; then G against the updated D.

    networks   G=, D= in place of copies of the model's
    """

    def __init__(self, model: Pix2Pix, **networks: torch.nn.Module):
        self.config = model.config
        self.G, self.D = (networks.get(name) or copy.deepcopy(getattr(model, name)) for name in ("G", "D"))
        self.optimizers = [
            torch.optim.Adam(network.parameters(), lr=self.config.lr, betas=(self.config.beta1, 0.999))
            for network in (self.G, self.D)
        ]

    def criterion(self, judged: torch.Tensor, is_real: bool) -> torch.Tensor:
        target = torch.full_like(judged, float(is_real))
        loss = {"vanilla": F.binary_cross_entropy_with_logits, "lsgan": F.mse_loss}[self.config.gan_loss]
        return loss(judged, target)

    def seen(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.cat([a, b], 1) if self.config.conditional else b

    def step(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, float]:
        return {name: loss.item() for name, loss in self.optimise(a, b).items()}

    def optimise(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
        optimizer_G, optimizer_D = self.optimizers
        fake = self.G(a)
        optimizer_D.zero_grad()
        fake_term = self.criterion(self.D(self.seen(a, fake.detach())), False)
        loss_D = 0.5 * (fake_term + self.criterion(self.D(self.seen(a, b)), True))
        loss_D.backward()
        optimizer_D.step()
        self.D.requires_grad_(False)
        optimizer_G.zero_grad()
        gan, l1 = self.criterion(self.D(self.seen(a, fake)), True), F.l1_loss(fake, b)
        (self.config.lambda_gan * gan + self.config.lambda_l1 * l1).backward()
        optimizer_G.step()
        self.D.requires_grad_(True)
        return {"D": loss_D.detach(), "gan": gan.detach(), "l1": l1.detach()}


class PublishedBicycleGAN:
    """BicycleGAN's step, as published: G and E together, then D_vae, then D_lr on the pictures made before.

    networks   G=, E=, D_vae=, D_lr= in place of copies of the model's
    """

    def __init__(self, model: BicycleGAN, **networks: torch.nn.Module):
        self.config, self.noise = model.config, noise_of(model)
        names = ("G", "E", "D_vae", "D_lr")
        self.nets = {name: networks.get(name) or copy.deepcopy(getattr(model, name)) for name in names}
        c = self.config
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), lr=c.lr, betas=(c.beta1, 0.999))
            for name, network in self.nets.items()
        }

    def criterion(self, judged: list[torch.Tensor], is_real: bool) -> torch.Tensor:
        loss = {"vanilla": F.binary_cross_entropy_with_logits, "lsgan": F.mse_loss}[self.config.gan_loss]
        return sum(loss(one, torch.full_like(one, float(is_real))) for one in judged)

    def step(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, float]:
        return {name: loss.item() for name, loss in self.optimise(a, b).items()}

    def optimise(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
        c, (G, E, D_vae, D_lr) = self.config, self.nets.values()
        half = max(1, len(a) // 2)
        a1, b1 = a[:half], b[:half]
        # A batch of one, which the published code does not take, shows D_lr the one pair there is.
        a2, b2 = (a[half:], b[half:]) if len(a) > 1 else (a, b)

        def drawn() -> torch.Tensor:
            return torch.randn(half, c.latent, generator=self.noise, dtype=a.dtype).to(a.device)

        mean, log_variance = E(b1)
        z_encoded = mean + drawn() * log_variance.mul(0.5).exp()
        z_random = drawn()
        fake_encoded, fake_random = G(a1, z_encoded), G(a1, z_random)

        def seen(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.cat([x, y], 1) if c.conditional else y

        read = E(fake_random)[0]
        D_vae.requires_grad_(False)
        D_lr.requires_grad_(False)
        self.optimizers["E"].zero_grad()
        self.optimizers["G"].zero_grad()
        gan_vae = self.criterion(D_vae(seen(a1, fake_encoded)), True)
        gan_lr = self.criterion(D_lr(seen(a1, fake_random)), True)
        kl = torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp()) * -0.5
        l1 = F.l1_loss(fake_encoded, b1)
        weighted = c.lambda_vae * gan_vae + c.lambda_lr * gan_lr + c.lambda_kl * kl + c.lambda_l1 * l1
        weighted.backward(retain_graph=True)
        E.requires_grad_(False)
        latent = torch.mean(torch.abs(read - z_random))
        (c.lambda_latent * latent).backward()
        E.requires_grad_(True)
        self.optimizers["E"].step()
        self.optimizers["G"].step()

        losses = {"gan_vae": gan_vae, "gan_lr": gan_lr, "l1": l1, "kl": kl, "latent": latent}
        pairs = {"D_vae": (seen(a1, b1), seen(a1, fake_encoded)), "D_lr": (seen(a2, b2), seen(a1, fake_random))}
        for name, (real, fake) in pairs.items():
            D = self.nets[name].requires_grad_(True)
            self.optimizers[name].zero_grad()
            loss = self.criterion(D(fake.detach()), False) + self.criterion(D(real), True)
            loss.backward()
            self.optimizers[name].step()
            losses[name] = loss / 2
        return {name: loss.detach() for name, loss in losses.items()}

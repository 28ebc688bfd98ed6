"""The original code's operations, as the baseline that ours are measured against.

nn.InstanceNorm2d, a bias before every instance norm, activations in place, Adam as PyTorch's defaults have it, each
picture through each network on its own, in the original's order, with discriminators frozen by `requires_grad`.
Written by us from these facts. A test holds its steps to ours.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan.models import CycleGAN, Model, Pix2Pix
from minicyclegan.networks import (
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    StyleEncoder,
    UnetGenerator,
)
from tests.models.published import PublishedBicycleGAN, PublishedPix2Pix
from tests.shipping.original_networks import (
    ORIGINAL_NORMS,
    original_patch,
    original_pixel,
    original_resnet,
    original_unet,
)

Step = Callable[[Tensor, Tensor], dict[str, Tensor]]
CONVOLUTIONS = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def baseline_step(model: Model) -> Step:
    """The step of the original's operations, on networks with the weights that the model has now."""
    if isinstance(model, CycleGAN):
        return OriginalCycleGAN(model).optimise
    networks = {name: original(network, model.config) for name, network in model.named_children()}
    published = PublishedPix2Pix if isinstance(model, Pix2Pix) else PublishedBicycleGAN
    return published(model, **networks).optimise


class OriginalCycleGAN:
    """CycleGAN's step, as the original goes through it."""

    def __init__(self, model: CycleGAN):
        c = self.config = model.config
        if c.gan_loss != "lsgan" or c.cycle != "both":
            raise ValueError("the baseline knows the published CycleGAN only: lsgan, both cycles")
        self.G_AB, self.G_BA, self.D_A, self.D_B = (
            original(network, c) for network in (model.G_AB, model.G_BA, model.D_A, model.D_B)
        )
        self.pool_A, self.pool_B = copy.deepcopy(model.pool_A), copy.deepcopy(model.pool_B)
        self.optimizer_G, self.optimizer_D = (
            torch.optim.Adam(itertools.chain(*(n.parameters() for n in pair)), lr=c.lr, betas=(c.beta1, 0.999))
            for pair in ((self.G_AB, self.G_BA), (self.D_A, self.D_B))
        )

    def optimise(self, real_A: Tensor, real_B: Tensor) -> dict[str, Tensor]:
        c, losses = self.config, {}
        fake_B = self.G_AB(real_A)
        again_A = self.G_BA(fake_B)
        fake_A = self.G_BA(real_B)
        again_B = self.G_AB(fake_A)

        self.D_A.requires_grad_(False)
        self.D_B.requires_grad_(False)
        self.optimizer_G.zero_grad()
        objective = 0.0
        if c.identity:
            losses["identity_B"] = F.l1_loss(self.G_AB(real_B), real_B)
            losses["identity_A"] = F.l1_loss(self.G_BA(real_A), real_A)
            weight = c.lambda_cycle * c.lambda_identity
            objective = weight * losses["identity_A"] + weight * losses["identity_B"]
        losses["gan_AB"] = self.criterion(self.D_B(fake_B), 1.0)
        losses["gan_BA"] = self.criterion(self.D_A(fake_A), 1.0)
        losses["cycle_A"], losses["cycle_B"] = F.l1_loss(again_A, real_A), F.l1_loss(again_B, real_B)
        objective = objective + c.lambda_gan * (losses["gan_AB"] + losses["gan_BA"])
        objective = objective + c.lambda_cycle * losses["cycle_A"] + c.lambda_cycle * losses["cycle_B"]
        objective.backward()
        self.optimizer_G.step()

        self.D_A.requires_grad_(True)
        self.D_B.requires_grad_(True)
        self.optimizer_D.zero_grad()
        pairs = {
            "D_B": (self.D_B, real_B, self.pool_B.query(fake_B)),
            "D_A": (self.D_A, real_A, self.pool_A.query(fake_A)),
        }
        for name, (D, real, fake) in pairs.items():
            losses[name] = 0.5 * (self.criterion(D(real), 1.0) + self.criterion(D(fake.detach()), 0.0))
            losses[name].backward()
        self.optimizer_D.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def criterion(self, judged: Tensor, target: float) -> Tensor:
        return F.mse_loss(judged, torch.tensor(target).to(judged).expand_as(judged))


class OriginalUnetWithCode(nn.Module):
    """The U-Net that takes a code, at the input or at all levels: biases everywhere, activations in place."""

    def __init__(self, ours: UnetGenerator, norm: str):
        super().__init__()
        self.everywhere = ours.latent_at == "all"
        self.down = nn.ModuleList(_with_bias(convolution) for convolution in ours.down)
        self.up = nn.ModuleList(_with_bias(convolution) for convolution in ours.up)
        last = len(self.down) - 1
        self.down_norms = nn.ModuleList(
            ORIGINAL_NORMS[norm if 0 < level < last else "none"](convolution.out_channels)
            for level, convolution in enumerate(self.down)
        )
        self.up_norms = nn.ModuleList(
            ORIGINAL_NORMS[norm if level else "none"](convolution.out_channels)
            for level, convolution in enumerate(self.up)
        )

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        down: list[Tensor] = []
        for level, (convolution, norm) in enumerate(zip(self.down, self.down_norms, strict=True)):
            if level == 0 or self.everywhere:
                x = torch.cat([x, z[:, :, None, None].expand(-1, -1, *x.shape[-2:])], 1)
                x = norm(convolution(F.leaky_relu(x, 0.2, inplace=True) if level else x))
            else:
                x = norm(convolution(F.leaky_relu(x, 0.2)))
            down.append(x)
        for level in reversed(range(len(self.up))):
            innermost = level == len(self.up) - 1
            # What was joined is a tensor of its own; the innermost map is nobody else's.
            x = self.up_norms[level](self.up[level](F.relu(x, inplace=not innermost)))
            x = torch.cat([down[level - 1], x], 1) if level else x
        return torch.tanh(x)


class OriginalEncoder(nn.Module):
    """The encoder of residual blocks."""

    def __init__(self, ours: StyleEncoder, norm: str):
        super().__init__()
        self.first = _with_bias(ours.first)
        self.blocks = nn.Sequential(*(OriginalEncoderBlock(block, norm) for block in ours.blocks))
        self.mean, self.log_variance = copy.deepcopy(ours.mean), copy.deepcopy(ours.log_variance)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.leaky_relu(self.blocks(self.first(x)), 0.2)
        x = F.avg_pool2d(x, x.shape[-2:]).flatten(1)
        return self.mean(x), self.log_variance(x)


class OriginalEncoderBlock(nn.Module):
    def __init__(self, ours: nn.Module, norm: str):
        super().__init__()
        channels = ours.conv1.in_channels
        normed = [ORIGINAL_NORMS[norm](channels) for _ in range(2)]
        activation = [nn.LeakyReLU(0.2, inplace=norm != "none") for _ in range(2)]
        conv1, conv2 = _with_bias(ours.conv1), _with_bias(ours.conv2)
        self.branch = nn.Sequential(
            normed[0], activation[0], conv1, normed[1], activation[1], conv2, nn.AvgPool2d(2, 2)
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2, 2), _with_bias(ours.shortcut))

    def forward(self, x: Tensor) -> Tensor:
        return self.branch(x) + self.shortcut(x)


class OriginalMultiscale(nn.Module):
    def __init__(self, scales: list[nn.Module]):
        super().__init__()
        self.scales = nn.ModuleList(scales)

    def forward(self, x: Tensor) -> list[Tensor]:
        judged = []
        for scale, network in enumerate(self.scales):
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False) if scale else x
            judged.append(network(x))
        return judged


def original(ours: nn.Module, config: object) -> nn.Module:
    """The original's network with the weights of ours; biases that ours does not have are 0."""
    norm = {"E": "encoder_norm", "D": "disc_norm"}.get(_role(ours), "norm")
    norm = getattr(config, norm, config.norm)
    if isinstance(ours, StyleEncoder):
        return OriginalEncoder(ours, norm).to(next(ours.parameters()))
    if isinstance(ours, UnetGenerator) and ours.latent:
        theirs = OriginalUnetWithCode(ours, norm)
        _copy(norms(ours), norms(theirs))
        return theirs.to(next(ours.parameters()))
    if isinstance(ours, MultiscaleDiscriminator):
        return OriginalMultiscale([original(scale, config) for scale in ours.scales])
    theirs = _made_alike(ours, norm, config)
    for module in theirs.modules():
        if isinstance(module, nn.ReLU | nn.LeakyReLU):
            module.inplace = True
    _copy(convolutions(ours), convolutions(theirs))
    _copy(norms(ours), norms(theirs))
    return theirs.to(next(ours.parameters()))


def _role(network: nn.Module) -> str:
    judges = PatchDiscriminator | PixelDiscriminator | MultiscaleDiscriminator
    return "E" if isinstance(network, StyleEncoder) else "D" if isinstance(network, judges) else "G"


def _made_alike(ours: nn.Module, norm: str, config: object) -> nn.Module:
    """The original's network of the same shape, with weights of its own."""
    if isinstance(ours, ResnetGenerator):
        channels, width = ours.stem.in_channels, ours.stem.out_channels
        return original_resnet(channels, ours.head.out_channels, width, len(ours.blocks), norm, config.dropout > 0)
    if isinstance(ours, UnetGenerator):
        channels, out, width = ours.down[0].in_channels, ours.up[0].out_channels, ours.down[0].out_channels
        return original_unet(channels, out, width, ours.depth, norm, config.dropout > 0)
    channels, width = ours.first.in_channels, ours.first.out_channels
    if isinstance(ours, PixelDiscriminator):
        return original_pixel(channels, width, norm)
    return original_patch(channels, width, len(ours.hidden), norm)


def convolutions(network: nn.Module) -> list[nn.Module]:
    """In the order in which a picture meets them, in the nested U-Net as in ours."""
    if isinstance(network, UnetGenerator):
        return [*network.down, *reversed(network.up)]
    return [module for module in network.modules() if isinstance(module, CONVOLUTIONS)]


def norms(network: nn.Module) -> list[nn.Module]:
    """Those with weights, likewise."""
    if isinstance(network, UnetGenerator | OriginalUnetWithCode):
        ordered = [*network.down_norms, *reversed(network.up_norms)]
    else:
        ordered = list(network.modules())
    return [module for module in ordered if isinstance(module, nn.BatchNorm2d)]


@torch.no_grad()
def _copy(ours: list[nn.Module], theirs: list[nn.Module]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        for name, value in other.state_dict().items():
            # load_state_dict would miss the biases that ours do not have.
            value.copy_(one.state_dict()[name]) if name in one.state_dict() else value.zero_()


def _with_bias(convolution: nn.Module) -> nn.Module:
    """A copy, with a bias of 0 where it has none."""
    copied = copy.deepcopy(convolution)
    if copied.bias is None:
        outputs = copied.out_channels
        copied.bias = nn.Parameter(torch.zeros(outputs).to(copied.weight))
    return copied

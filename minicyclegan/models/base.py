"""What a recipe is: all that the training loop, the translator, the judges and the speed settings ask of one.

A new recipe is a file beside this one, with a config and a model, and a row in `models/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from minicyclegan import config as settings
from minicyclegan.image_pool import ImagePool
from minicyclegan.networks import Direction
from minicyclegan.receptive_field import smallest_input
from minicyclegan.share import ALL, Share
from minicyclegan.weight_average import WeightAverage

Part = nn.Module | torch.optim.Optimizer | ImagePool | WeightAverage | torch.Generator
Kind = TypeVar("Kind")


class ModelConfig:
    """The settings of a recipe: a frozen dataclass of options; also channels_A, channels_B, norm, lr and beta1."""

    paired: ClassVar[bool]  # whether it learns from pairs
    batch_parts: ClassVar[int] = 1  # into so many equal parts each batch is cut

    def __post_init__(self) -> None:
        """Raises ValueError, naming the option, for a value that can't work."""
        settings.check(self)

    def check_size(self, size: int) -> None:
        """Raises ValueError, naming --size, for pictures of SIZE x SIZE that these networks can't work on."""


class Model(nn.Module):
    """Networks, what trains them, and the one `step` that does.

    config     its settings
    published  its networks, by their names; each becomes an attribute
    replaced   networks to put in their places. Raises ValueError for a name that is not in `published`

    Whatever else the next step depends on is an attribute too: optimizers, image pools, random generators. `parts`
    finds them there. An ordinary module: `.to(device)` or `.double()` before the first step.

    All networks are in the checkpoint. An encoder of styles is called E.
    """

    translators: ClassVar[dict[Direction, str]]  # the network that translates in each direction
    averaged: ClassVar[tuple[str, ...]]  # the networks whose weights are averaged, where an average is kept
    judges: ClassVar[tuple[str, ...]]  # the discriminators
    pieces: ClassVar[tuple[str, ...]]  # methods that `step` calls, of pure device work: tensors in, tensors out

    def __init__(self, config: ModelConfig, published: dict[str, nn.Module], replaced: dict[str, nn.Module]):
        super().__init__()
        if not replaced.keys() <= published.keys():
            raise ValueError(f"networks are called {', '.join(published)}, not {', '.join(replaced)}")
        self.config = config
        self.share: Share = ALL  # which pictures of a batch this process has
        self.average: WeightAverage | None = None
        for name, network in (published | replaced).items():
            self.add_module(name, network)

    def step(self, a: Tensor, b: Tensor) -> dict[str, Tensor]:
        """One optimisation step: (N, C, H, W) of each domain, in [-1, 1] -> the unweighted losses, 0-d tensors."""
        raise NotImplementedError(f"{type(self).__name__} has no step yet: write it")

    @torch.no_grad()
    def sample_rows(self, real: Tensor, direction: Direction, truth: Tensor | None = None) -> dict[str, Tensor]:
        """What a sample grid shows of these pictures, a row each: {"input": real, "output": …}, (N, C, H, W) each.

        truth   the pictures' counterparts, where they are known
        """
        return {"input": real, "output": self.translator(direction)(real)}

    @property
    def directions(self) -> tuple[Direction, ...]:
        return tuple(self.translators)

    def translator(self, direction: Direction) -> nn.Module:
        """What translates: the network itself, or its average, where one is kept."""
        return self.at_its_best(self.translators[direction])

    def at_its_best(self, name: str) -> nn.Module:
        """The network of this name: its average, where one is kept."""
        return self.average.networks[name] if self.average and name in self.averaged else getattr(self, name)

    def keep_average(self, decay: float) -> None:
        """From here on, keeps an average of the weights. The networks are on their device, and prepared."""
        self.average = WeightAverage({name: getattr(self, name) for name in self.averaged}, decay)

    def update_average(self) -> None:
        """Comes after each step of the averaged networks."""
        if self.average:
            self.average.update()

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def adam(self, *names: str) -> torch.optim.Adam:
        """The optimizer of these networks."""
        weights = [weight for name in names for weight in getattr(self, name).parameters()]
        # Fused Adam is the same arithmetic in one pass over the weights.
        return torch.optim.Adam(weights, self.config.lr, betas=(self.config.beta1, 0.999), fused=True)

    def random(self, draw: Callable[..., Tensor], generator: torch.Generator, like: Tensor, *shape: int) -> Tensor:
        """Random numbers for the N pictures `like`: (N, *shape), of its type and on its device.

        draw   torch.rand or torch.randn. What all processes need is drawn, so that their number changes nothing.
        """
        drawn = draw(len(like) * self.share.processes, *shape, generator=generator, dtype=like.dtype)
        own = self.share.of(drawn)
        # Only what is pinned goes to a GPU without waiting for all that it has to do.
        return own.pin_memory().to(like.device, non_blocking=True) if like.is_cuda else own.to(like.device)

    def in_one_pass(self, network: nn.Module, *batches: Tensor) -> Sequence[Tensor]:
        """The network's answer to each batch: in one pass, unless a batch norm would mix their statistics."""
        if self.config.norm == "batch":
            return [network(batch) for batch in batches]
        return network(torch.cat(batches)).split([len(batch) for batch in batches])

    def parts(self, kind: type[Kind] = object) -> dict[str, Kind]:
        """Everything of this kind that the next step depends on, by the names that checkpoints know."""
        named = {"networks": self} | {name: part for name, part in vars(self).items() if isinstance(part, Part)}
        return {name: part for name, part in named.items() if isinstance(part, kind)}

    def set_learning_rate(self, factor: float) -> float:
        """Sets all optimizers to `factor` times the configured rate and returns the rate."""
        rate = self.config.lr * factor
        for optimizer in self.parts(torch.optim.Optimizer).values():
            for group in optimizer.param_groups:
                if isinstance(group["lr"], Tensor):  # a CUDA graph reads it there
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate
        return rate

    def training_state(self) -> dict[str, Any]:
        """Everything that the next step depends on, as tensors and plain values."""
        return collect(self.parts())

    def load_training_state(self, content: dict[str, Any]) -> None:
        """Continues where `training_state` was taken. The networks are on their device already.

        Raises KeyError for what is missing in `content`.
        """
        for name, part in self.parts().items():
            if isinstance(part, torch.Generator):
                part.set_state(content[name].cpu())
            elif isinstance(part, ImagePool):
                part.load_state_dict(content[name], self.device)
            elif isinstance(part, torch.optim.Optimizer):
                _restore_averages(part, content[name])
            else:
                part.load_state_dict(content[name])
        for name in self.pieces:
            getattr(getattr(self, name), "begin_anew", lambda: None)()  # a CUDA graph knows the places of before


def check_judged_size(size: int, layers: int, scales: int = 1) -> None:
    """Raises ValueError, naming --size, for pictures too small for a PatchDiscriminator with so many layers."""
    if size < (least := smallest_input(layers) * 2 ** (scales - 1)):
        at = f" at {scales} scales (--disc-scales)" if scales > 1 else ""
        raise ValueError(f"--size {size} is too small for --disc-layers {layers}{at}: {least} at least")


def collect(parts: dict[str, Part]) -> dict[str, Any]:
    """The state of each part, as tensors and plain values."""
    states = {
        name: part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
        for name, part in parts.items()
    }
    for name in (name for name, part in parts.items() if isinstance(part, torch.optim.Optimizer)):
        for group in states[name]["param_groups"]:
            group["lr"] = float(group["lr"])  # a CUDA graph keeps it in a tensor
    return states


def _restore_averages(optimizer: torch.optim.Optimizer, content: dict[str, Any]) -> None:
    """Adam's averages, as `content` has them. How they are stored and the rate stay: they are this machine's."""
    optimizer.load_state_dict({**content, "param_groups": optimizer.state_dict()["param_groups"]})
    # Fused Adam goes through memory in order: averages saved in another memory format would meet wrong weights.
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            place = torch.empty_like(parameter if value.shape == parameter.shape else value)
            values[name] = place.copy_(value)  # never `content`'s own memory

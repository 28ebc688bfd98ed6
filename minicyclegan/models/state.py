"""What all models do alike: set the rate, and hand over or take up everything that the next step depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import torch
from torch import nn

from minicyclegan.image_pool import ImagePool

Part = nn.Module | torch.optim.Optimizer | ImagePool | torch.Generator


Kind = TypeVar("Kind")


def parts_of(model: Any, kind: type[Kind]) -> dict[str, Kind]:
    """Those parts of a model's state that are of this kind, by their names there."""
    return {name: part for name, part in model._parts().items() if isinstance(part, kind)}


def set_rate(optimizers: Iterable[torch.optim.Optimizer], rate: float) -> float:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
    return rate


def collect(parts: Mapping[str, Part]) -> dict[str, Any]:
    """The state of every part, as tensors and plain values."""
    return {
        name: part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
        for name, part in parts.items()
    }


def restore(parts: Mapping[str, Part], state: Mapping[str, Any], device: torch.device) -> None:
    """Puts back what `collect` took. Raises KeyError for a part that `state` lacks. `device`: where pools live."""
    for name, part in parts.items():
        if isinstance(part, torch.Generator):
            part.set_state(state[name].cpu())
        elif isinstance(part, ImagePool):
            part.load_state_dict(state[name], device)
        else:
            part.load_state_dict(state[name])
            if isinstance(part, torch.optim.Optimizer):
                _lay_out_like_parameters(part)


def _lay_out_like_parameters(optimizer: torch.optim.Optimizer) -> None:
    """Fused Adam goes through memory in order: averages saved in another memory format would meet wrong weights."""
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            if value.shape == parameter.shape:
                values[name] = torch.empty_like(parameter).copy_(value)

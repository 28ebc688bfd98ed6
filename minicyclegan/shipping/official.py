"""Networks of the original PyTorch code, as networks of ours: the architecture is read off keys and shapes.

Every architecture that the keys could mean is laid out as a table, published key -> our key and shape. The one that
explains all keys is built; if none does, the nearest says which key surprised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from minicyclegan.networks import PatchDiscriminator, PixelDiscriminator, ResnetGenerator, UnetGenerator
from minicyclegan.training.checkpoint import CheckpointError, is_checkpoint, read_weights

Options = dict[str, Any]
Layer = tuple[str, str, str]  # the published convolution, ours, and our norm after it or ""
State = Mapping[str, Tensor]


def load_official(path_or_state_dict: str | PathLike | Mapping[str, Tensor]) -> nn.Module:
    """A generator or discriminator that the original PyTorch code saved: on the CPU, in float32, in eval mode.

    Takes the path of a file of any name (a zip file or, from before PyTorch 1.6, none) or the state dict itself, of
      ResnetGenerator      any number of blocks; with dropout the second convolution of a block is conv_block.6, not .5
      UnetGenerator        any depth; its dropout leaves no key and gets the published 0.5, which eval mode ignores
      PatchDiscriminator   any number of layers
      PixelDiscriminator
    with instance norm, batch norm or none, of any width and any number of channels, in any floating point type.
    Leading `module.` and `_orig_mod.` are passed over. Biases that an instance norm removes are dropped and so are
    running statistics that old versions saved for it: the state dict of what comes back fits `recognise`'s network.

    Raises CheckpointError for a file that can't be read or holds more than tensors (nothing of it is run), and for
    keys that are missing, left over or of another shape than the rest calls for: the message names them.
    """
    name, state = "the state dict", path_or_state_dict
    if isinstance(path_or_state_dict, str | PathLike):
        name, state = str(path_or_state_dict), read_weights(Path(path_or_state_dict))
    try:
        reading = _recognise(state)
    except CheckpointError as error:
        raise CheckpointError(f"{name}: {error}") from None
    ours = {}  # an absent count of batches, which older batch norms did not keep, PyTorch sets to 0
    for key, entry in reading.table.items():
        if entry.ours and key in reading.tensors:
            kind = torch.long if _counts(key) else torch.float32
            ours[entry.ours] = torch.empty(entry.shape, dtype=kind, device="cpu").copy_(reading.tensors[key].detach())
    reading.network.load_state_dict(ours, assign=True)
    return reading.network.eval()


def recognise(state: Mapping[str, Tensor]) -> tuple[type[nn.Module], Options]:
    """The class of the network whose published state dict this is, and the options that make one of its shapes.

    Raises CheckpointError as `load_official` does.
    """
    reading = _recognise(state)
    return type(reading.network), reading.options


class Entry(NamedTuple):
    """What should stand under a published key."""

    ours: str  # our key, or "" for what is dropped
    shape: tuple[int, ...]
    required: bool = True


@dataclass
class Reading:
    """One architecture that tensors could mean, its own weights without memory, and what speaks against it."""

    tensors: State
    network: nn.Module
    options: Options
    table: dict[str, Entry]
    surprises: list[str]


class _Undrawn(TorchFunctionMode):
    """Networks made inside get no random weights: for tensors without memory, PyTorch takes seconds over them."""

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        draws = getattr(function, "__module__", None) == nn.init.__name__
        return kwargs["tensor"] if draws else function(*args, **kwargs)


def _recognise(state: Mapping[str, Tensor]) -> Reading:
    tensors, given = _tensors(state)
    best: Reading | None = None
    for network_class, options, layers in _candidates(tensors):
        with torch.device("meta"), _Undrawn():
            network = network_class(**options)
        table = _table(network, layers, options["norm"])
        reading = Reading(tensors, network, options, table, _surprises(tensors, table, given))
        if not reading.surprises:
            return reading
        if best is None or len(reading.surprises) < len(best.surprises):
            best = reading
    if best is None:
        first = next(iter(given.values()))
        raise CheckpointError(
            f"not a network of the original code: {first!r} is no key of its ResNet (model.1.weight, …), U-Net "
            f"(model.model.0.weight, …), PatchGAN (model.0.weight, …) or PixelGAN (net.0.weight, …)"
        )
    more = f" and {len(best.surprises) - 3} more" if len(best.surprises) > 3 else ""
    options = ", ".join(f"{name} {value}" for name, value in best.options.items())
    raise CheckpointError(
        f"not a network of the original code; nearest is {type(best.network).__name__} with {options}, but "
        f"{'; '.join(best.surprises[:3])}{more}"
    )


def _tensors(state: Any) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors by their keys without prefixes, and each such key as it was given. Raises CheckpointError."""
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"expected a state dict, got {'an empty one' if state == {} else type(state).__name__}")
    if is_checkpoint(state):
        raise CheckpointError("a checkpoint of minicyclegan, not of the original code: minicyclegan.load reads it")
    tensors, given = {}, {}
    for key, value in state.items():
        if isinstance(value, Mapping):
            raise CheckpointError(f"{key!r} holds a dict, not a tensor; if that is the state dict, pass it alone")
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{key!r} holds {type(value).__name__}; a state dict has names and tensors only")
        if not (value.is_floating_point() or _counts(key)) or value.is_meta or value.layout != torch.strided:
            raise CheckpointError(f"{key!r} holds {value.dtype} numbers on {value.device}, not plain weights")
        plain = re.sub(r"^((module|_orig_mod)\.)+", "", key)
        if plain in tensors:
            raise CheckpointError(f"{key!r} and {given[plain]!r} are the same key under two prefixes")
        tensors[plain], given[plain] = value, key
    return tensors, given


def _surprises(tensors: State, table: dict[str, Entry], given: dict[str, str]) -> list[str]:
    """Where keys and shapes differ from the table, one clause each."""
    missing = [f"{key!r} is missing" for key, entry in table.items() if entry.required and key not in tensors]
    unexpected = [f"{given[key]!r} is unexpected" for key in tensors if key not in table]
    reshaped = [
        f"{given[key]!r} has shape {tuple(tensors[key].shape)} instead of {entry.shape}"
        for key, entry in table.items()
        if key in tensors and tuple(tensors[key].shape) != entry.shape
    ]
    return missing + unexpected + reshaped


def _table(network: nn.Module, layers: Iterable[Layer], norm: str) -> dict[str, Entry]:
    """What the published state dict of this network holds."""
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    table = {}
    for published, convolution, our_norm in layers:
        channels = network.get_submodule(convolution).out_channels
        table[f"{published}.weight"] = Entry(f"{convolution}.weight", shapes[f"{convolution}.weight"])
        if f"{convolution}.bias" in shapes:
            table[f"{published}.bias"] = Entry(f"{convolution}.bias", (channels,))
        elif norm == "instance":
            table[f"{published}.bias"] = Entry("", (channels,))  # the norm removes it
        if not our_norm:
            continue
        stem, index = published.rsplit(".", 1)
        published_norm = f"{stem}.{int(index) + 1}"
        if norm == "batch":
            for part in ("weight", "bias", "running_mean", "running_var"):
                table[f"{published_norm}.{part}"] = Entry(f"{our_norm}.{part}", (channels,))
            table[f"{published_norm}.num_batches_tracked"] = Entry(f"{our_norm}.num_batches_tracked", (), False)
        elif norm == "instance":
            for part in ("running_mean", "running_var"):
                table[f"{published_norm}.{part}"] = Entry("", (channels,), False)  # old versions kept them, unused
            table[f"{published_norm}.num_batches_tracked"] = Entry("", (), False)
    return table


def _candidates(tensors: State) -> Iterator[tuple[type[nn.Module], Options, list[Layer]]]:
    """Every architecture that some of the keys speak for: class, options, layers."""
    families = (_resnets, _unets, _patch_discriminators, _pixel_discriminators)
    for network_class, options, layers in (candidate for family in families for candidate in family(tensors)):
        for norm in ("instance", "batch", "none"):
            yield network_class, {**options, "norm": norm}, layers


# A width is read off the first and off the last convolution, and an end is looked for in two places: what surprises
# may be the very tensor that told.


def _resnets(tensors: State) -> Iterator[tuple[type[nn.Module], Options, list[Layer]]]:
    for head in _indices(tensors):
        blocks = head - 17
        in_channels = _channels(tensors, "model.1.weight", 1) or 3
        out_channels = _channels(tensors, f"model.{head}.weight", 0) or _outputs(tensors, f"model.{head}.bias")
        widths = {_channels(tensors, "model.1.weight", 0), _channels(tensors, f"model.{head}.weight", 1)}
        for width in sorted(widths - {0}) if 0 <= blocks < len(tensors) else ():
            for dropout in (0.0, 0.5):
                options = {"in_channels": in_channels, "out_channels": out_channels, "width": width}
                yield ResnetGenerator, {**options, "blocks": blocks, "dropout": dropout}, _resnet(blocks, dropout)


def _resnet(blocks: int, dropout: float) -> list[Layer]:
    layers = [("model.1", "stem", "stem_norm"), ("model.4", "down1", "down1_norm"), ("model.7", "down2", "down2_norm")]
    second = 6 if dropout else 5  # a layer in between shifts the second convolution
    for block in range(blocks):
        published = f"model.{10 + block}.conv_block"
        layers.append((f"{published}.1", f"blocks.{block}.conv1", f"blocks.{block}.norm1"))
        layers.append((f"{published}.{second}", f"blocks.{block}.conv2", f"blocks.{block}.norm2"))
    up = 10 + blocks
    layers += [(f"model.{up}", "up1", "up1_norm"), (f"model.{up + 3}", "up2", "up2_norm")]
    return [*layers, (f"model.{up + 7}", "head", "")]


def _unets(tensors: State) -> Iterator[tuple[type[nn.Module], Options, list[Layer]]]:
    nested = [re.match(r"model\.model\.1((?:\.model\.3)*)\.model\.", key) for key in tensors]
    deepest = max((2 + match[1].count(".model.3") for match in nested if match), default=0)
    first, last = "model.model.0.weight", "model.model.3.weight"
    widths = {_channels(tensors, first, 0), _channels(tensors, last, 0) // 2}
    in_channels = _channels(tensors, first, 1) or 3
    out_channels = _channels(tensors, last, 1) or _outputs(tensors, "model.model.3.bias")
    for depth in (deepest, deepest - 1):
        for width in sorted(widths - {0}) if 2 <= depth < len(tensors) else ():
            options = {"in_channels": in_channels, "out_channels": out_channels, "depth": depth, "width": width}
            yield UnetGenerator, {**options, "dropout": 0.5}, _unet(depth)


def _unet(depth: int) -> list[Layer]:
    layers = [("model.model.0", "down.0", ""), ("model.model.3", "up.0", "")]
    for level in range(1, depth):
        block = "model.model.1" + ".model.3" * (level - 1) + ".model"
        innermost = level == depth - 1
        layers.append((f"{block}.1", f"down.{level}", "" if innermost else f"down_norms.{level}"))
        layers.append((f"{block}.{3 if innermost else 5}", f"up.{level}", f"up_norms.{level}"))
    return layers


def _patch_discriminators(tensors: State) -> Iterator[tuple[type[nn.Module], Options, list[Layer]]]:
    for last in _indices(tensors):
        layers = (last - 2) // 3
        inner = _channels(tensors, f"model.{last}.weight", 1) // min(2 ** max(layers, 0), 8)
        widths = {_channels(tensors, "model.0.weight", 0), inner}
        for width in sorted(widths - {0}) if last % 3 == 2 and 1 <= layers < len(tensors) else ():
            options = {"in_channels": _channels(tensors, "model.0.weight", 1) or 3, "width": width, "layers": layers}
            hidden = [(f"model.{2 + 3 * i}", f"hidden.{i}", f"norms.{i}") for i in range(layers)]
            yield PatchDiscriminator, options, [("model.0", "first", ""), *hidden, (f"model.{last}", "last", "")]


def _pixel_discriminators(tensors: State) -> Iterator[tuple[type[nn.Module], Options, list[Layer]]]:
    widths = {_channels(tensors, "net.0.weight", 0), _channels(tensors, "net.5.weight", 1) // 2}
    for width in sorted(widths - {0}):
        options = {"in_channels": _channels(tensors, "net.0.weight", 1) or 3, "width": width}
        yield PixelDiscriminator, options, [("net.0", "first", ""), ("net.2", "hidden", "norm"), ("net.5", "last", "")]


def _indices(tensors: State) -> list[int]:
    """The N of the last convolution among keys model.N.weight and .bias: the largest, or else the one before it."""
    matches = [re.fullmatch(r"model\.(\d{1,4})\.(weight|bias)", key) for key in tensors]
    return sorted({int(match[1]) for match in matches if match}, reverse=True)[:2]


def _channels(tensors: State, key: str, dimension: int) -> int:
    """The size of a convolution's weight along a dimension; 0 where there is no such weight."""
    return tensors[key].shape[dimension] if key in tensors and tensors[key].ndim == 4 else 0


def _outputs(tensors: State, bias: str) -> int:
    """The length of a bias, for where its convolution's weight is what is missing."""
    return tensors[bias].numel() if bias in tensors else 3


def _counts(key: str) -> bool:
    return key.endswith("num_batches_tracked")

"""One file that holds everything: written whole or not at all, read without running any code in it."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from minicyclegan.devices import out_of_memory
from minicyclegan.files import whole_file

FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint that can't be used; the message names the file, what is wrong and what to do."""


@contextmanager
def checkpoint_errors(path: Path) -> Iterator[None]:
    """Within it, whatever goes wrong is a CheckpointError that says what is wrong with `path`."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    # What is damaged, missing, or of another shape than it should be, surfaces as nearly any exception.
    except Exception as error:
        if out_of_memory(error):
            raise CheckpointError(f"{path}: too large for the memory that is free") from None
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise CheckpointError(f"{path}: a damaged checkpoint ({reason})") from None


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Replaces `path` by the new content. A crash at any moment leaves the old file or the new one, never half.

    Raises WriteError.
    """
    with whole_file(path) as file:
        torch.save({"format": FORMAT, **content}, file)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, its tensors on the CPU. Raises CheckpointError."""
    content = read_weights(path)
    if not is_checkpoint(content):
        raise CheckpointError(f"{path}: not a checkpoint of minicyclegan")
    return content


def averaged(content: dict[str, Any]) -> dict[str, Any]:
    """The weights of all networks, NETWORK.KEY -> tensor: of the average of the weights, where the run kept one."""
    weights, averages = dict(content["training"]["networks"]), content["training"].get("average", {"networks": {}})
    for name, state in averages["networks"].items():
        weights |= {f"{name}.{key}": value for key, value in state.items()}
    return weights


def is_checkpoint(content: Any) -> bool:
    """Whether what a file held is a checkpoint of ours, and not weights from elsewhere."""
    return isinstance(content, dict) and "format" in content


def read_weights(path: Path) -> Any:
    """What torch.save wrote to a file of any name: a checkpoint of ours or weights from elsewhere.

    Its tensors are on the CPU; no code in it is run. Raises CheckpointError.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: {'a folder, not a checkpoint file' if path.is_dir() else 'no such checkpoint'}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with the file is said below, once
            content = torch.load(path, map_location="cpu", weights_only=True)
    # A damaged file surfaces as nearly any exception.
    except Exception as error:
        if out_of_memory(error):
            raise CheckpointError(f"{path}: too large for the memory that is free") from None
        if isinstance(error, pickle.UnpicklingError) and (foreign := re.search(r"GLOBAL (\S+)", str(error))):
            raise CheckpointError(
                f"{path}: not a readable checkpoint: holds more than tensors ({foreign[1]}), which could run any code, "
                "so it was not opened; save the network's state_dict() alone"
            ) from None
        # PyTorch goes on to recommend opening the file unsafely: only its first sentence is passed on.
        reason = ": ".join(filter(None, (type(error).__name__, re.split(r"\.\s|\n", str(error))[0][:120])))
        raise CheckpointError(f"{path}: not a readable checkpoint ({reason})") from None
    if is_checkpoint(content) and content["format"] != FORMAT:
        raise CheckpointError(f"{path}: checkpoint format {content['format']}; this version reads format {FORMAT}")
    return content


def random_state(device: torch.device) -> dict[str, Any]:
    """PyTorch's own generators (dropout draws from them); all others belong to the model or the data."""
    state = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        state[device.type] = torch.get_device_module(device).get_rng_state()
    return state


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["cpu"])
    if device.type != "cpu" and device.type in state:
        torch.get_device_module(device).set_rng_state(state[device.type])

"""One file that holds everything: written whole or not at all, read without running any code in it."""

from __future__ import annotations

import zipfile
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
def checkpoint_errors(path: Path, fault: str) -> Iterator[None]:
    """Within it, whatever goes wrong is a CheckpointError that says what `path` is and why; but a lack of memory."""
    try:
        yield
    # What is damaged, missing, or of another shape than it should be, surfaces as nearly any exception.
    except Exception as error:
        if out_of_memory(error):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise CheckpointError(f"{path}: {fault} ({reason})") from None


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Replaces `path` by the new content. A crash at any moment leaves the old file or the new one, never half.

    Raises WriteError.
    """
    with whole_file(path) as file:
        torch.save({"format": FORMAT, **content}, file)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, its tensors on the CPU. Raises CheckpointError."""
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint")
    with checkpoint_errors(path, "not a readable checkpoint"):
        # torch.save writes a zip file; what is none would go to a reader of old formats that fails in many ways.
        if not zipfile.is_zipfile(path):
            raise ValueError("not a zip file")
        content = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(content, dict) or "format" not in content:
        raise CheckpointError(f"{path}: not a checkpoint of minicyclegan")
    if content["format"] != FORMAT:
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

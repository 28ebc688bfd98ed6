"""One file that holds everything: written whole or not at all, read without running any code in it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import torch

FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint that can't be used; the message names the file, what is wrong and what to do."""


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Replaces `path` by the new content. A crash at any moment leaves the old file or the new one, never half."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            torch.save({"format": FORMAT, **content}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, its tensors on the CPU. Raises CheckpointError."""
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint")
    try:
        # torch.save writes a zip file; what is none would go to a reader of old formats that fails in many ways.
        if not zipfile.is_zipfile(path):
            raise ValueError("not a zip file")
        content = torch.load(path, map_location="cpu", weights_only=True)
    # A damaged file surfaces as nearly any exception.
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"{path}: not a readable checkpoint ({reason})") from None
    if not isinstance(content, dict) or "format" not in content:
        raise CheckpointError(f"{path}: not a checkpoint of minicyclegan")
    if content["format"] != FORMAT:
        raise CheckpointError(f"{path}: checkpoint format {content['format']}; this version reads format {FORMAT}")
    return content


def random_state(device: torch.device) -> dict[str, Any]:
    """PyTorch's own generators (dropout draws from them); all others belong to the model or the data."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])

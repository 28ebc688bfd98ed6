"""A trained generator, ready for any picture: a path, a Pillow picture, an array, a tensor, or a list of these."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan.config import from_dict
from minicyclegan.data.colours import normalise
from minicyclegan.data.images import from_tensor, read_picture, to_array, to_image, to_tensor
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.networks import Direction
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint
from minicyclegan.training.run_folder import RunFolder


class Translator:
    """Translates pictures of any size in either direction, each at its own size.

    generators   for each direction the network, and how many channels it takes
    settings     of the run that trained it: "data", "size", "direction", …
    """

    def __init__(
        self, generators: dict[Direction, tuple[nn.Module, int]], device: torch.device, settings: dict[str, Any]
    ):
        self.generators, self.device, self.settings = generators, device, settings

    def translate(self, picture: Any, direction: Direction = "AtoB") -> Any:
        """The picture in the other domain, as what it came in as.

        A path or a Pillow picture gives a Pillow picture; a uint8 array (H, W) or (H, W, C) gives a uint8 array
        (H, W, C); a float tensor (N, C, H, W) in [-1, 1] gives such a tensor; a list or tuple gives a list.
        Raises PictureError for a file that can't be read, ValueError for anything else that is no picture.
        """
        if direction not in self.generators:
            raise ValueError(f"direction must be {' or '.join(self.generators)}, not {direction!r}")
        if isinstance(picture, list | tuple):
            return [self.translate(one, direction) for one in picture]
        channels = self.generators[direction][1]
        if isinstance(picture, Tensor):
            if picture.ndim != 4 or picture.shape[1] != channels or 0 in picture.shape:
                raise ValueError(f"expected a tensor (N, {channels}, H, W), got {tuple(picture.shape)}")
            if not picture.is_floating_point():
                raise ValueError(f"expected floating point numbers in [-1, 1], got a tensor of {picture.dtype}")
            return self._run(picture, direction)
        if isinstance(picture, np.ndarray):
            image = normalise(_image_of(picture), channels)
        elif isinstance(picture, str | PathLike):
            image = read_picture(picture, channels)
        elif isinstance(picture, Image.Image):
            image = normalise(picture, channels)
        else:
            raise ValueError(f"expected a path, a picture, an array or a tensor, got {type(picture).__name__}")
        translated = from_tensor(self._run(to_tensor(to_array(image))[None], direction)[0])  # (H, W, C)
        return translated if isinstance(picture, np.ndarray) else to_image(translated)

    @torch.no_grad()
    def _run(self, x: Tensor, direction: Direction) -> Tensor:
        height, width = x.shape[-2:]
        # The generators halve twice and reflect one pixel of what is left: multiples of 4, at least 8.
        extra_height, extra_width = max(8 - height, -height % 4), max(8 - width, -width % 4)
        padded = F.pad(x.to(self.device, torch.float32), (0, extra_width, 0, extra_height), mode="replicate")
        return self.generators[direction][0](padded)[..., :height, :width].to(x.device, x.dtype)


def _image_of(array: np.ndarray) -> Image.Image:
    """uint8 (H, W), or (H, W, C) with grey, colour, or colour and opacity -> picture. Raises ValueError."""
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(f"expected a uint8 array (H, W) or (H, W, 1, 3 or 4), got {array.dtype} {array.shape}")
    if 0 in array.shape:
        raise ValueError(f"expected a picture, got an array without pixels {array.shape}")
    return Image.fromarray(array[:, :, 0] if array.shape[2:] == (1,) else array)


def load(run_or_checkpoint: str | Path, device: str | torch.device = "cpu") -> Translator:
    """The translator of a run folder or of a checkpoint file. Raises CheckpointError with the path."""
    path = Path(run_or_checkpoint)
    if not path.exists():
        raise CheckpointError(f"{path}: no such run or checkpoint")
    if path.is_dir():
        if not RunFolder(path).checkpoint.exists():
            raise CheckpointError(f"{path}: no checkpoint.pt in it; is it a run's folder?")
        path = RunFolder(path).checkpoint
    content = load_checkpoint(path)
    device = torch.device(device)
    try:
        model = CycleGAN(from_dict(CycleGANConfig, content["config"]))
        model.load_state_dict(content["training"]["networks"])
        settings = content["settings"]
    # What is missing, or of another type than it should be, surfaces as nearly any exception.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise CheckpointError(f"{path}: a damaged checkpoint ({reason})") from None
    model = model.to(device).eval()
    c = model.config
    generators = {"AtoB": (model.G_AB, c.channels_A), "BtoA": (model.G_BA, c.channels_B)}
    return Translator(generators, device, settings)

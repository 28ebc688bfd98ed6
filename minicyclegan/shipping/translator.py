"""A trained generator, ready for any picture: a path, a Pillow picture, an array, a tensor, or a list of these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan.config import from_dict
from minicyclegan.data.images import from_tensor, normalise, read_picture, to_array, to_image, to_tensor
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
            if picture.ndim != 4 or picture.shape[1] != channels:
                raise ValueError(f"expected a tensor (N, {channels}, H, W), got {tuple(picture.shape)}")
            return self._run(picture, direction)
        if isinstance(picture, np.ndarray):
            if (
                picture.dtype != np.uint8
                or picture.ndim not in (2, 3)
                or picture.shape[2:] not in ((), (1,), (3,), (4,))
            ):
                raise ValueError(
                    f"expected a uint8 array (H, W) or (H, W, 1, 3 or 4), got {picture.dtype} {picture.shape}"
                )
            image = Image.fromarray(picture[:, :, 0] if picture.shape[2:] == (1,) else picture)
            return from_tensor(self._run(_batch(normalise(image, channels)), direction)[0])
        if isinstance(picture, str | Path):
            image = read_picture(picture, channels)
        elif isinstance(picture, Image.Image):
            image = normalise(picture, channels)
        else:
            raise ValueError(f"expected a path, a picture, an array or a tensor, got {type(picture).__name__}")
        return to_image(from_tensor(self._run(_batch(image), direction)[0]))

    @torch.inference_mode()
    def _run(self, x: Tensor, direction: Direction) -> Tensor:
        height, width = x.shape[-2:]
        # The generators halve twice and reflect one pixel of what is left: multiples of 4, at least 8.
        extra_height, extra_width = max(8 - height, -height % 4), max(8 - width, -width % 4)
        padded = F.pad(x.to(self.device), (0, extra_width, 0, extra_height), mode="replicate")
        return self.generators[direction][0](padded)[..., :height, :width].to(x.device)


def _batch(image: Image.Image) -> Tensor:
    return to_tensor(to_array(image))[None]  # (1, C, H, W)


def load(run_or_checkpoint: str | Path, device: str | torch.device = "cpu") -> Translator:
    """The translator of a run folder or of a checkpoint file. Raises CheckpointError with the path."""
    path = Path(run_or_checkpoint)
    if path.is_dir():
        if not RunFolder(path).checkpoint.exists():
            raise CheckpointError(f"{path}: no checkpoint.pt in it; is it a run's folder?")
        path = RunFolder(path).checkpoint
    content = load_checkpoint(path)
    device = torch.device(device)
    try:
        model = CycleGAN(from_dict(CycleGANConfig, content["config"]))
        model.load_state_dict(content["training"]["networks"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path}: a damaged checkpoint ({str(error).splitlines()[0]})") from None
    model = model.to(device).eval()
    c = model.config
    generators = {"AtoB": (model.G_AB, c.channels_A), "BtoA": (model.G_BA, c.channels_B)}
    return Translator(generators, device, content["settings"])

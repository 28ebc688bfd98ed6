"""A trained generator, ready for any picture: a path, a Pillow picture, an array, a tensor, or a list of these."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import MethodType
from typing import Any, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan.config import from_dict
from minicyclegan.data.images import from_tensor, image_of, to_array, to_pixels, to_tensor
from minicyclegan.data.jitter import centre, scaled
from minicyclegan.kernels.fuse import fused_forward
from minicyclegan.models import MODELS, build
from minicyclegan.networks import Direction, ResnetGenerator, UnetGenerator
from minicyclegan.shipping.bundled import BUNDLED
from minicyclegan.shipping.official import load_official, recognise
from minicyclegan.shipping.tiles import Tile, Tiles, plan
from minicyclegan.training.checkpoint import CheckpointError, averaged, checkpoint_errors, is_checkpoint, read_weights
from minicyclegan.training.run_folder import RunFolder

# Small pictures leave a processor idle one by one; beyond this many pixels more at a time gain nothing (docs/speed.md).
PIXELS_A_PASS, PICTURES_A_PASS = 2**17, 32
Item = TypeVar("Item")


class Translator:
    """Translates pictures of any size in the directions that the model knows, each at its own size.

    generators   for each direction the network, and how many channels it takes
    settings     of the run that trained it: "data", "size", "direction", …; empty where nothing is known
    encoder      of a model with many answers: reads the code of a style off a picture of domain B
    channels_B   how many channels the encoder takes
    record       what its file says of it beside the weights: "config", "steps", "versions", … (`card`)
    """

    def __init__(
        self,
        generators: dict[Direction, tuple[nn.Module, int]],
        device: torch.device,
        settings: dict[str, Any],
        encoder: nn.Module | None = None,
        channels_B: int = 3,
        record: dict[str, Any] | None = None,
    ):
        self.generators, self.device, self.settings = generators, device, settings
        self.encoder, self.channels_B, self.record = encoder, channels_B, record or {}
        # The length of the code that tells a model's many answers apart; 0: it has one answer.
        self.latent: int = getattr(generators["AtoB"][0], "latent", 0)

    def translate(
        self,
        picture: Any,
        direction: Direction = "AtoB",
        *,
        z: Tensor | None = None,
        noise: int | None = None,
        tile: Tile = "auto",
        report: Callable[[str], None] | None = None,
    ) -> Any:
        """The picture in the other domain, as what it came in as.

        z        the code of the answer, (latent,) or (N, latent), of a model that has many; None: zeros, the middle
        noise    a seed: dropout stays on and batch norms use the picture's own statistics, as in pix2pix, section 3.3;
                 None: the same answer every time
        tile     whether a picture goes through the network in tiles, with the same answer in less memory: "auto", where
                 it is too large (`tiles.plan`); the pixels of a tile; "off"
        report   gets a line where it does, and a bar shows how long that takes

        A path or a Pillow picture gives a Pillow picture; an array (H, W) or (H, W, C) of uint8, uint16 or floats in
        [0, 1] gives such an array (H, W, C); a float tensor (N, C, H, W) in [-1, 1] gives such a tensor; a list or
        tuple gives a list, in which small pictures of one size were translated together: the same up to rounding.
        Opacity is kept. Raises PictureError for a file that can't be read and for a picture that the memory can't hold,
        ValueError for anything else that is no picture.
        """
        if direction not in self.generators:
            raise ValueError(f"direction must be {' or '.join(self.generators)}, not {direction!r}")
        if z is not None and not self.latent:
            raise ValueError("this model has one answer to a picture: it takes no code")
        options = {"z": z, "noise": noise, "tile": tile, "report": report}
        many = isinstance(picture, list | tuple)
        alone = noise is not None or (z is not None and z.ndim > 1)  # noise and codes are each picture's own
        if many and (alone or any(isinstance(one, list | tuple) for one in picture)):
            return [self.translate(one, direction, **options) for one in picture]
        G, channels = self.generators[direction]
        inputs = (to_pixels(one, channels) for one in (picture if many else [picture]))
        answers: list[Any] = []
        for group in in_passes(inputs, lambda one: None if isinstance(one[0], Tensor) else one[0].shape[:2]):
            pixels, backs = zip(*group, strict=True)
            tensor = isinstance(pixels[0], Tensor)
            height, width = pixels[0].shape[2:] if tensor else pixels[0].shape[:2]
            together = len(pixels[0]) if tensor else len(pixels)
            planned = plan(G, height, width, tile, self.device, together) if noise is None else None
            if planned:
                if report and (tile == "auto" or planned.on_disk):
                    report(planned.why)
                xs = from_tensor(pixels[0], "float32") if tensor else pixels
                ys = [Tiles(G, x, planned, report is not None).run() for x in xs]  # each (H, W, C)
                ys = [to_tensor(np.stack(ys)).to(pixels[0])] if tensor else ys
                answers += [back(y) for y, back in zip(ys, backs, strict=True)]
            elif tensor:
                answers.append(self._run(pixels[0], direction, z, noise))  # (N, C, H, W)
            else:
                y = self._run(torch.stack([to_tensor(one) for one in pixels]), direction, z, noise)  # (N, C, H, W)
                answers += [
                    back(from_tensor(part, one.dtype)) for part, one, back in zip(y, pixels, backs, strict=True)
                ]
        return answers if many else answers[0]

    def samples(self, x: Tensor, n: int, seed: int = 0) -> Tensor:
        """Each picture in `n` random styles, the same n for all: (N, C, H, W) in [-1, 1] -> (N, n, C, H, W).

        Raises ValueError for a model that has one answer only.
        """
        codes = self.codes(n, seed)  # (n, latent)
        return torch.stack([self.translate(x, z=z) for z in codes], dim=1)  # (N, n, C, H, W)

    def codes(self, n: int, seed: int = 0) -> Tensor:
        """`n` random codes from N(0, I), (n, latent). Raises ValueError for a model that has one answer only."""
        if not self.latent:
            raise ValueError("this model has one answer to a picture: it takes no code")
        return torch.randn(n, self.latent, generator=torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def encode(self, picture: Any) -> Tensor:
        """The code of a style, read off a picture of domain B: what `translate` takes, but lists -> (N, latent).

        Anything but a tensor is brought to the size of the training pictures first. Raises like `translate`, and
        ValueError for a model without an encoder.
        """
        if self.encoder is None:
            raise ValueError("this model can't read a style off a picture: it has no encoder")
        if not isinstance(picture, Tensor):
            image, size = image_of(picture, self.channels_B), self.settings["size"]
            scale = self.settings.get("load_size")
            image = scaled(image, scale) if scale else image.resize((size, size), Image.Resampling.BICUBIC)
            picture = to_tensor(centre(to_array(image), size))[None]  # (1, C, H, W)
        x, _ = to_pixels(picture, self.channels_B)  # (N, C, H, W)
        return self.encoder(x.to(self.device, torch.float32))[0].cpu()  # (N, latent)

    @property
    def moment(self) -> str:
        """Of the run at which the weights are taken, in words; empty where nothing is known."""
        if not {"step", "steps"} <= self.record.keys():  # what is shipped is of no step
            return ""
        which = "best of the run: " * self.record.get("best", False)
        return f"{which}step {self.record['step']:,} of {self.record['steps']:,}"

    def check_noise(self, noise: int | None, direction: Direction = "AtoB") -> None:
        """Raises ValueError if noise is asked of a network that has none."""
        if noise is not None and not _noisy(self.generators[direction][0]):
            raise ValueError("this model has no noise: neither dropout nor batch norm")

    def has_dropout(self, direction: Direction = "AtoB") -> bool:
        """Whether noise differs from seed to seed: without dropout, it is the statistics of the picture alone."""
        return any(isinstance(module, nn.Dropout) for module in self.generators[direction][0].modules())

    @torch.no_grad()
    def _run(self, x: Tensor, direction: Direction, z: Tensor | None, noise: int | None) -> Tensor:
        G = self.generators[direction][0]
        height, width = x.shape[-2:]
        fitting = getattr(G, "fitting_side", lambda side: side)
        padding = (0, fitting(width) - width, 0, fitting(height) - height)
        padded = F.pad(x.to(self.device, torch.float32), padding, mode="replicate")  # (N, C, a little more of both)
        self.check_noise(noise, direction)
        codes = []
        if self.latent:
            z = torch.zeros(self.latent) if z is None else z
            codes = [z.to(padded).expand(len(x), -1)]  # (N, latent)
        with contextlib.nullcontext() if noise is None else _as_in_training(G, noise, self.device):
            return G(padded, *codes)[..., :height, :width].to(x.device, x.dtype)  # (N, C, H, W)


def in_passes(items: Iterable[Item], size: Callable[[Item], tuple[int, int] | None]) -> Iterator[list[Item]]:
    """The items in their order, in groups of one size (height and width, either first), no larger than a pass.

    Where `size` gives None, and where it is larger than that, an item is alone.
    """
    group: list[Item] = []
    for item in items:
        alike = group and size(item) is not None and size(item) == size(group[0])
        room = min(PICTURES_A_PASS, PIXELS_A_PASS // math.prod(size(item))) if alike else 0
        if group and len(group) >= room:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


@contextlib.contextmanager
def _as_in_training(network: nn.Module, seed: int, device: torch.device) -> Iterator[None]:
    """Dropout drops, by `seed`, and batch norms use the statistics of what they see, and learn nothing from it."""
    noisy = _noisy(network)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        for module in noisy:
            module.train()
            module.track_running_stats = False
        try:
            yield
        finally:
            for module in noisy:
                module.eval()
                module.track_running_stats = True


def _noisy(network: nn.Module) -> list[nn.Module]:
    """What makes pix2pix's answers vary."""
    return [module for module in network.modules() if isinstance(module, nn.Dropout | nn.BatchNorm2d)]


def load(run_or_checkpoint: str | Path, device: str | torch.device = "cpu") -> Translator:
    """The translator of a run folder, of a checkpoint file, or of a generator's weights from the original PyTorch code.

    Of a run folder, it is the best step's, from best.pt; where there is none, and of RUN/checkpoint.pt, the last one's.
    Where there is no such path, of the model of that name that comes with the package: zebra, winter or front.
    What is in the file decides, whatever its name ends in. Raises CheckpointError with the path, also for a generator
    that takes or gives other than 1 or 3 channels.
    """
    path = Path(run_or_checkpoint)
    if not path.exists():
        path = BUNDLED.get(str(run_or_checkpoint), path)
    if not path.exists():
        names = ", ".join(BUNDLED)
        raise CheckpointError(f"{path}: no such run or checkpoint; the models that come with the package: {names}")
    if path.is_dir():
        run = RunFolder(path)
        path = run.best if run.best.exists() else run.checkpoint
        if not path.exists():
            raise CheckpointError(f"{path.parent}: no checkpoint.pt in it; is it a run's folder?")
    content = read_weights(path)
    torch.empty(0, device=device)  # a device that can't be had is no fault of the file
    with checkpoint_errors(path):
        translator = (_of_checkpoint if is_checkpoint(content) else _of_original)(content, torch.device(device))
    for network, _ in translator.generators.values():
        network.forward = MethodType(fused_forward(network, translator.device, kernels=False), network)
    return translator


def _of_checkpoint(content: dict[str, Any], device: torch.device) -> Translator:
    model = build(from_dict(MODELS[content["model"]].config, content["config"]))
    weights = averaged(content)
    missing = sorted(model.state_dict().keys() - weights.keys())  # PyTorch overlooks the counts of batch norms
    _, unknown = model.load_state_dict(weights, strict=False)
    # Small checkpoints come without the discriminators, which translate nothing.
    judges = {key for key in model.state_dict() if key.split(".")[0] in model.judges}
    if unknown or set(missing) not in (set(), judges):
        raise ValueError(f"{[*unknown, *missing][0]} is {'unknown' if unknown else 'missing'}")
    channels = {"AtoB": model.config.channels_A, "BtoA": model.config.channels_B}
    _check_channels(*channels.values())
    model = model.to(device).eval()
    generators = {direction: (model.translator(direction), channels[direction]) for direction in model.directions}
    record = {name: value for name, value in content.items() if name != "training"}
    encoder = getattr(model, "E", None)
    return Translator(generators, device, content["settings"], encoder, model.config.channels_B, record)


def _of_original(state: Any, device: torch.device) -> Translator:
    try:
        network_class, options = recognise(state)
    except CheckpointError as error:
        raise CheckpointError(f"not a checkpoint of minicyclegan, and {error}") from None
    if network_class not in (ResnetGenerator, UnetGenerator):
        raise CheckpointError(f"holds a {network_class.__name__}, which judges pictures; give a generator's")
    _check_channels(options["in_channels"], options["out_channels"])
    return Translator({"AtoB": (load_official(state).to(device), options["in_channels"])}, device, {})


def _check_channels(takes: int, gives: int) -> None:
    if not {takes, gives} <= {1, 3}:
        raise CheckpointError(f"takes {takes} and gives {gives} channels; give a generator of 1 (grey) or 3 (colour)")

"""Validation: what a model makes of pictures that it neither learns from nor is measured on in the end, in figures.

Names end in the direction: "kid_AB" is of what becomes of A's pictures. `score` decides which step is best; lower is
better. What it is made of fits what is known of the pictures:

horse2zebra      the share of animals that do not wear the other coat, and L1 to the true counterpart
other worlds     L1 to the true counterpart
pairs            KID: an input has many right answers, and L1 and SSIM, which are shown, prefer the blurred mean of them
other folders    KID

KID compares the features of the package's own net on worlds, which it was taught, and `statistics` on folders. Of it,
what is beyond twice its error counts: below, which of two steps has less is chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from minicyclegan.data.datasets import DataSet, Pictures
from minicyclegan.data.sources import world_called
from minicyclegan.judging import metrics
from minicyclegan.judging.coat import MEASURED_SIZES, real_ranges, wears
from minicyclegan.judging.extractor import OWN
from minicyclegan.judging.grid import pooled_grid
from minicyclegan.judging.nets import to_float, to_uint8
from minicyclegan.models import Model
from minicyclegan.networks import Direction
from minicyclegan.training.config import TrainConfig
from minicyclegan.worlds import Domain, draw_scene, other

BATCH = 16  # pictures that go through a network together


@dataclass(eq=False)
class View:
    """One direction: its pictures, and what a model makes of them. uint8 (N, C, H, W), where figures are computed.

    truth   the sources' counterparts, where they are known
    masks   the animals among the sources, (N, H, W), and `coat` what they should wear
    back    the outputs, translated back, where the model knows a way
    drawn   whether they are of a world
    """

    direction: Direction
    source: Tensor
    target: Tensor
    truth: Tensor | None
    masks: Tensor | None
    coat: Domain
    drawn: bool
    output: Tensor | None = None
    back: Tensor | None = None


class Validation:
    """The validation pictures of a run. Drawing and reading them waits for the first look at a model."""

    def __init__(self, data: DataSet, config: TrainConfig):
        self.data, self.config, self.views = data, config, None

    @torch.no_grad()
    def look(self, model: Model) -> dict[Direction, View]:
        """The views, with what the model makes of them: by its averaged weights, where it keeps some. In eval mode."""
        # Measures are float64, which Apple's GPUs don't have.
        device = torch.device("cpu") if model.device.type == "mps" else model.device
        if self.views is None:
            self.views = {direction: self._view(direction, device) for direction in model.directions}
        for direction, view in self.views.items():
            view.output = _through(model, direction, view.source)
            back = "BtoA" if direction == "AtoB" else "AtoB"
            view.back = _through(model, back, view.output) if back in model.directions else None
        return self.views

    def _view(self, direction: Direction, device: torch.device) -> View:
        data, forth = self.data, direction == "AtoB"
        sources, targets = (data.val_A, data.val_B) if forth else (data.val_B, data.val_A)
        truths = targets if data.paired else data.val_truth_A if forth else data.val_truth_B

        def stacked(pictures: Pictures) -> Tensor:
            return metrics.as_tensor(np.stack([pictures[i] for i in range(len(pictures))])).to(device)

        source, target, truth, masks = stacked(sources), stacked(targets), truths and stacked(truths), None
        world, domain = world_called(self.config.data), "A" if forth == (self.config.direction == "AtoB") else "B"
        in_colour = source.shape[1] == target.shape[1] == 3
        # Of whole pictures at the sizes whose real coats are measured.
        judged = self.config.size in MEASURED_SIZES and self.config.load_size is None and in_colour
        if world and world.name == "horse2zebra" and judged:
            scenes = [draw_scene(world, "val", domain, index) for index in range(len(source))]
            drawn = np.stack([world.truth(scene, self.config.size)["mask"] for scene in scenes])
            masks = torch.from_numpy(drawn).to(device)
        return View(direction, source, target, truth, masks, other(domain), world is not None)


def _through(model: Model, direction: Direction, pictures: Tensor) -> Tensor:
    G, latent = model.translator(direction), getattr(model.config, "latent", 0)
    codes = [torch.randn(len(pictures), latent, generator=torch.Generator().manual_seed(0))] if latent else []
    parts = zip(pictures.split(BATCH), *(code.split(BATCH) for code in codes), strict=True)
    made = [to_uint8(G(*(x.to(model.device) for x in (to_float(part), *code)))) for part, *code in parts]
    return torch.cat(made).to(pictures.device)  # (N, C, H, W)


def figures(views: Mapping[Direction, View], paired: bool) -> dict[str, float | None]:
    """The figures by name, `score` first. What can't be measured on so few or so small pictures is None."""
    found: dict[str, float] = {}
    scores = []
    for direction, view in views.items():
        of = {
            "change": metrics.l1(view.source, view.output).mean().item(),
            "grid": pooled_grid(to_float(view.output).double()).item(),
            "kid": math.nan,
        }
        error = math.nan
        if view.back is not None:
            of["cycle"] = metrics.l1(view.source, view.back).mean().item()
        if min(len(view.output), len(view.target)) >= 4:
            extract = OWN.extract if view.drawn else statistics
            of["kid"], error = metrics.kid(extract(view.target), extract(view.output))
        if view.truth is not None:
            of["l1"] = metrics.l1(view.output, view.truth).mean().item()
        if paired and view.source.shape[-1] >= 8:
            of["ssim"] = metrics.ssim(view.output, view.truth).mean().item()
        scores.append(max(of["kid"] - 2 * error, 0.0) if paired or view.truth is None else of["l1"])
        if view.masks is not None:
            worn = wears(view.coat, view.output, view.masks, real_ranges(view.source.shape[-1]))
            of["coats"] = worn.double().mean().item()
            scores[-1] += 1 - of["coats"]
        found |= {f"{name}_{direction.replace('to', '')}": value for name, value in of.items()}
    found = {"score": sum(scores) / len(scores)} | found
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def statistics(images: Tensor) -> Tensor:
    """What is compared of photos: (N, C, H, W) uint8 -> (N, 45), float64.

    At three scales the mean and deviation of each channel, its mean steps across and down, and how colourful it is, all
    logarithms. The own net, which has seen worlds alone, finds ukiyo-e nearer to photos than any translation of them.
    """
    x, found = images.expand(-1, 3, -1, -1).double(), []  # (N, 3, H, W)
    for _ in range(3):
        across, down = x.diff(dim=-1).abs(), x.diff(dim=-2).abs()
        found += [part.mean((2, 3)) for part in (x, across, down, (x - x.mean(1, keepdim=True)).abs())]
        found.append(x.std((2, 3)))
        x = F.avg_pool2d(x, 2)
    return (torch.cat(found, 1) + 1).log()

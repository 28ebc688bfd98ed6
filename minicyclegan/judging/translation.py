"""What is judged: test pictures of one direction, what is known of them, and what a model makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from minicyclegan.data.datasets import DataSet, Pictures
from minicyclegan.judging.metrics import as_tensor
from minicyclegan.judging.nets import to_float, to_uint8
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import Domain, World, draw_scene

BATCH = 16  # pictures that go through a network together


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Test pictures of one direction: uint8 tensors (N, C, H, W) on the device that judges, C 1 or 3.

    source   of the domain that is translated from
    target   real ones of the domain that is translated to (M, C, H, W)
    truth    the sources' true counterparts, where they are known
    world    what they show, if that is a world, and `domain` the source's in it, whatever a run calls A and B
    """

    direction: Direction
    source: Tensor
    target: Tensor
    truth: Tensor | None = None
    world: World | None = None
    domain: Domain = "A"

    @property
    def size(self) -> int:
        return self.source.shape[-1]

    @property
    def real(self) -> Tensor:
        """What the outputs are held against: the truth, or else the target domain's pictures."""
        return self.target if self.truth is None else self.truth

    def hidden(self, entry: str, size: int | None = None) -> np.ndarray | None:
        """An entry of the sources' hidden truth, (N, size, size) uint8; None if nothing is known of it."""
        return self.world and hidden_truth(self.world, self.domain, entry, len(self.source), size or self.size)

    @cached_property
    def animals(self) -> Tensor | None:
        """The masks of the things that change, (N, size, size) uint8, 255 inside."""
        masks = self.hidden("mask")
        return None if masks is None else torch.from_numpy(masks).to(self.source.device)


@lru_cache(maxsize=8)
def hidden_truth(world: World, domain: Domain, entry: str, count: int, size: int) -> np.ndarray | None:
    scenes = [draw_scene(world, "test", domain, index) for index in range(count)]
    if entry not in world.truth(scenes[0], size):
        return None
    return np.stack([world.truth(scene, size)[entry] for scene in scenes])


@dataclass(eq=False)
class Translation:
    """A model at work on a test set. What it paints is rounded to 8 bits, like the set's own pictures."""

    translator: Translator
    test: HeldOut
    quiet: bool = True  # without progress bars

    @property
    def direction(self) -> Direction:
        return self.test.direction

    @cached_property
    def output(self) -> Tensor:
        """(N, C, H, W) uint8."""
        return self._run(self.test.source, self.direction, self.quiet)

    @cached_property
    def back(self) -> Tensor | None:
        """The outputs, translated back; None where the model knows no way back."""
        way: Direction = "BtoA" if self.direction == "AtoB" else "AtoB"
        return self._run(self.output, way) if way in self.translator.generators else None

    @cached_property
    def of_target(self) -> Tensor:
        """What becomes of pictures that are of the target domain already, (M, C, H, W)."""
        return self._run(self.test.target, self.direction)

    def _run(self, images: Tensor, direction: Direction, quiet: bool = True) -> Tensor:
        parts = tqdm(images.split(BATCH), f"translating {direction}", unit="batch", disable=quiet)
        return torch.cat([to_uint8(self.translator.translate(to_float(part), direction)) for part in parts])


def held_out(
    data: DataSet,
    direction: Direction,
    world: World | None = None,
    swapped: bool = False,
    most: int | None = None,
    device: str | torch.device = "cpu",
) -> HeldOut:
    """The first `most` test pictures of each domain (None: all).

    world   what `data` shows, if that is a world; swapped: with its A and B exchanged
    """
    forth = direction == "AtoB"
    sources, targets = (data.test_A, data.test_B) if forth else (data.test_B, data.test_A)
    truths = targets if data.paired else (data.truth_A if forth else data.truth_B)

    def stacked(pictures: Pictures) -> Tensor:
        return as_tensor(np.stack([pictures[i] for i in range(len(pictures))[:most]])).to(device)

    return HeldOut(
        direction=direction,
        source=stacked(sources),
        target=stacked(targets),
        truth=None if truths is None else stacked(truths),
        world=world,
        domain="A" if forth != swapped else "B",
    )


def judging_device(translator: Translator) -> torch.device:
    """The model's own; but measures are float64, which Apple's GPUs don't have."""
    return torch.device("cpu") if translator.device.type == "mps" else translator.device


def as_pictures(images: Tensor) -> np.ndarray:
    """uint8 (N, C, H, W) -> (N, H, W, C), as pictures are drawn and written."""
    return images.movedim(1, -1).cpu().numpy()

"""What can be measured of a translator, given what is known of the data; pictures are compared at 8 bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from tqdm import tqdm

from minicyclegan.data.datasets import DataSet, Pictures
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.data.worlds import Domain, World, draw_scene, other
from minicyclegan.judging.coat import CoatJudge, background_change, calibrate
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator

BATCH = 16


@dataclass(frozen=True)
class Figure:
    """A mean over `count` pictures with the interval that holds it in 95 % of bootstrap samples."""

    direction: Direction
    name: str
    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        interval = f"{self.low:.3f} to {self.high:.3f}"
        return f"{self.direction}  {self.name:<50} {self.value:7.3f}  {interval:>16}  {self.count:>5}"

    def to_json(self) -> dict:
        return asdict(self)


def figure(direction: Direction, name: str, values: list[float], seed: int = 0) -> Figure:
    """Mean and bootstrap interval (Efron 1979; 1,000 resamples) of one value a picture."""
    array = np.asarray(values, dtype=float)
    draws = np.random.default_rng(seed).integers(len(array), size=(1000, len(array)))
    low, high = np.quantile(array[draws].mean(1), [0.025, 0.975])
    return Figure(direction, name, float(array.mean()), float(low), float(high), len(array))


def evaluate(
    translator: Translator, data: DataSet, world: World | None, size: int, swapped: bool = False
) -> list[Figure]:
    """All figures of both directions on the test pictures of `data`.

    world     what `data` shows, if that is a world; swapped: with its A and B exchanged

    Differences are mean absolute differences with pictures in [0, 1].
    """
    # Below 64 px hardly anything of a coat is left once the mask's border is taken off.
    has_coats = world is not None and world.name == "horse2zebra" and size >= 64
    judge = calibrate(world, size) if has_coats else None
    figures = []
    for direction, domain, pictures in (("AtoB", "A", data.test_A), ("BtoA", "B", data.test_B)):
        back: Direction = "BtoA" if direction == "AtoB" else "AtoB"
        values: dict[str, list[float]] = {}
        for index, before, after in _translated(translator, pictures, direction):
            again = translator.translate(after, back)
            measured = {"change: output against input": _difference(before, after)}
            measured["cycle: back again against input"] = _difference(before, again)
            if judge is not None:
                measured |= _coat(judge, world, other(domain) if swapped else domain, index, size, before, after)
            for name, value in measured.items():
                values.setdefault(name, []).append(value)
        figures += [figure(direction, name, column) for name, column in values.items()]
    return figures


def _translated(
    translator: Translator, pictures: Pictures, direction: Direction
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(index, input, output) for every picture, uint8 (H, W, C); several at a time through the network."""
    with tqdm(total=len(pictures), desc=f"translating {direction}", unit="picture") as bar:
        for start in range(0, len(pictures), BATCH):
            before = np.stack([pictures[i] for i in range(start, min(start + BATCH, len(pictures)))])
            after = from_tensor(translator.translate(to_tensor(before), direction))
            for offset in range(len(before)):
                yield start + offset, before[offset], after[offset]
            bar.update(len(before))


def _coat(
    judge: CoatJudge, world: World, domain: Domain, index: int, size: int, before: np.ndarray, after: np.ndarray
) -> dict[str, float]:
    mask = world.truth(draw_scene(world, "test", domain, index), size)["mask"]
    return {
        "coat: share of animals that wear the other coat": float(judge.wears(other(domain), after, mask)),
        "background: change outside the animal's mask": background_change(before, after, mask),
    }


def _difference(first: np.ndarray, second: np.ndarray) -> float:
    if first.shape != second.shape:  # grey against colour: compared in grey
        first, second = first.mean(2, keepdims=True), second.mean(2, keepdims=True)
    return float(np.abs(first / 255.0 - second / 255.0).mean())

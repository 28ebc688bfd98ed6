"""What a world is: scenes drawn from a seed, each renderable in both domains, with its hidden truth beside it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

Thing = TypeVar("Thing")
Domain = Literal["A", "B"]
Split = Literal["train", "test", "val"]
SPLITS: tuple[Split, ...] = ("train", "test", "val")  # a split's place here is part of its seed: new ones come last

# A scene is the hidden description of one picture: positions, poses, colours. It knows no pixels, so one scene
# can be rendered at any size and in either domain. Each world has its own frozen dataclass for it.
Scene = Any


@dataclass(frozen=True)
class World:
    """One embedded data set.

    name          as typed on the command line
    kind          "unpaired": training shows scenes of A and other scenes of B; "paired": the same scenes in both
    domains       what A and B show, in words
    description   one sentence for listings
    sample_scene  generator -> Scene
    render        (scene, domain, size) -> uint8 picture (size, size, 3)
    truth         (scene, size) -> what no real data set has: masks and label maps as uint8 arrays (size, size),
                  style parameters as floats or short float arrays
    test_only     True for a world that exists to be translated, never trained on
    """

    name: str
    kind: Literal["unpaired", "paired"]
    domains: tuple[str, str]
    description: str
    sample_scene: Callable[[np.random.Generator], Scene]
    render: Callable[[Scene, Domain, int], np.ndarray]
    truth: Callable[[Scene, int], dict[str, Any]]
    test_only: bool = False


@dataclass(frozen=True)
class Sample:
    """One scene in full: the picture in its own domain, its true counterpart in the other one, the hidden truth."""

    picture: np.ndarray  # (size, size, 3) uint8
    counterpart: np.ndarray  # (size, size, 3) uint8
    truth: dict[str, Any]


def other(domain: Domain) -> Domain:
    return "B" if domain == "A" else "A"


def pick(generator: np.random.Generator, things: Sequence[Thing], chances: Sequence[float] | None = None) -> Thing:
    """One of some things, each as likely as the others or with its own chance."""
    return things[generator.choice(len(things), p=chances)]


def new_seed(generator: np.random.Generator) -> int:
    """The seed of something that has a generator of its own."""
    return int(generator.integers(2**31))


def draw_scene(world: World, split: Split, domain: Domain, index: int, seed: int = 0) -> Scene:
    """The `index`-th scene of a split: a function of its arguments alone, so any one can be drawn without the rest."""
    # A paired world shows one stream of scenes in both domains, an unpaired one a stream of its own in each.
    stream = 0 if world.kind == "paired" or domain == "A" else 1
    key = [seed, zlib.crc32(world.name.encode()), SPLITS.index(split), stream, index]
    return world.sample_scene(np.random.default_rng(key))


def draw_sample(world: World, split: Split, domain: Domain, index: int, size: int, seed: int = 0) -> Sample:
    """One sample with everything that is known of it; see `World.truth`."""
    scene = draw_scene(world, split, domain, index, seed)
    return Sample(world.render(scene, domain, size), world.render(scene, other(domain), size), world.truth(scene, size))

"""What in a folder of pictures would spoil a training. Each file is looked at once, and little is kept of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from minicyclegan.data.colours import PictureError, orientation_of, packing, quiet_pillow
from minicyclegan.data.datasets import NO_HALVES
from minicyclegan.data.folders import Layout
from minicyclegan.data.images import Notes, read_picture
from minicyclegan.data.prefetch import prefetch

LONG = 1000  # times as long as wide: scaled to any useful width, it would have more pixels than are read
STANDARD_TABLE = 3688  # sum of the JPEG standard's own table for brightness, which is quality 50
# Of 255: copies, scaled or saved again, differ by no more in the brightness and the colour of each of 16 x 16 cells.
COPY = np.array([10, 24, 24])
# Correlations of edges, by trials on facades and edges2shoes, right and exchanged, and on pictures that are no pairs:
OUTSTANDING = 0.06  # by so much, those of 80 % of all pairs are above the next best; of no pairs, those of 30 %
BETTER = 0.15  # by so much, those with another's partner are above the own one's where partners are exchanged
BLOCK = 2000  # pairs that are compared with one another
TELLING = 0.6  # share of the pictures that a thing must tell apart
ONE_WAY = 0.5  # times the differences among pictures: so much do they differ from their mirror images on average

GIANT = "over 16 million pixels: slow to read at every start; make smaller copies once"
DEEP = "more than 8 bits a channel: training takes the upper 8"
CLEAR = "transparent parts: training lays them on white"
TWICE = "turned twice, it seems: the pixels are upright, but the orientation tag is still there; remove the tag"
TAG = "orientation tag"


class Half(NamedTuple):
    """A picture of one domain: a file, or one half of it."""

    size: tuple[int, int]
    small: np.ndarray  # uint8 (16, 16, 3): brightness and two of colour (YCbCr)
    edges: np.ndarray  # uint8 (2, 32, 32): how much changes from left to right, and downwards
    grey: bool
    flat: bool
    frame: str


@dataclass
class Look:
    """What is kept of a file: a few kilobytes, however large it is."""

    path: Path
    error: str = ""
    halves: list[Half] = field(default_factory=list)
    kind: str = ""
    quality: float | None = None
    traits: set[str] = field(default_factory=set)

    @property
    def small(self) -> np.ndarray:
        """uint8 (16, 16 or 32, 3): copies of one another are alike in it."""
        return np.concatenate([half.small for half in self.halves], axis=1)

    @property
    def brightness(self) -> float:
        return float(self.small[..., 0].mean())

    @property
    def size(self) -> tuple[int, int]:
        return self.halves[0].size

    @property
    def flat(self) -> bool:
        return any(half.flat for half in self.halves)


class Finding(NamedTuple):
    """What is true of the files in `lines`; nothing, if there are none."""

    text: str
    lines: Sequence[str]
    breaks: bool = False  # training, or translating, stops at it


def look(path: Path, side_by_side: bool) -> Look:
    notes: Notes = set()
    try:
        picture = read_picture(path, 3, notes)
    except PictureError as error:
        return Look(path, str(error))
    width, height = picture.size
    if max(width, height) > LONG * min(width, height):
        return Look(path, f"{path}: {width} x {height} px, too long and thin; cut it")
    if side_by_side and (width % 2 or width <= height):
        return Look(path, f"{path}: {width} x {height} px; {NO_HALVES}")
    whole = (0, 0, width, height)
    boxes = [(0, 0, width // 2, height), (width // 2, 0, width, height)] if side_by_side else [whole]
    found = Look(path, halves=[_half(picture.crop(box) if side_by_side else picture) for box in boxes])
    found.traits |= {line for line, _ in notes} | ({GIANT} if width * height > 16e6 else set())
    # What a header says beside the pixels may be damaged in any way, and is not needed.
    with suppress(Exception), quiet_pillow, Image.open(path) as file:
        found.kind = file.format or ""
        found.traits |= {DEEP} if "16" in packing(file) or file.mode in ("I", "F") else set()
        found.traits |= {CLEAR} if file.mode in ("LA", "PA", "RGBA") or "transparency" in file.info else set()
        if tables := getattr(file, "quantization", None):
            scale = 100 * sum(tables[0]) / STANDARD_TABLE
            found.quality = 100 - scale / 2 if scale <= 100 else 5000 / scale
        if (turned := orientation_of(file)) > 1:
            found.traits.add(TAG)
            exif = file.getexif().get_ifd(0x8769)
            # The camera's own width and height, if another program has turned the pixels and left the tag.
            if turned >= 5 and file.width != file.height and (exif.get(40963), exif.get(40962)) == file.size:
                found.traits.add(TWICE)
    return found


def _half(picture: Image.Image) -> Half:
    small = np.asarray(picture.resize((16, 16), Image.Resampling.BILINEAR).convert("YCbCr"))
    middle = np.asarray(picture.resize((64, 64), Image.Resampling.BOX)).astype(np.float32)
    grey = middle.mean(2)
    steps = np.stack([np.diff(grey, axis=axis, append=grey.take([-1], axis)) for axis in (1, 0)])  # (2, 64, 64)
    edges = np.sqrt(np.abs(steps)).reshape(2, 32, 2, 32, 2).mean((2, 4))  # of soft edges, more than their share
    without_colour = bool(np.quantile(middle.max(2) - middle.min(2), 0.99) < 10)
    flat = bool(middle.std((0, 1)).max() < 2)
    return Half(picture.size, small, np.rint(16 * edges).astype(np.uint8), without_colour, flat, _frame(picture))


def _frame(picture: Image.Image) -> str:
    """The colour of the outermost pixels, in a word, if all of them have it; else an empty string."""
    w, h = picture.size
    boxes = ((0, 0, w, 1), (0, h - 1, w, h), (0, 0, 1, h), (w - 1, 0, w, h))
    edge = np.concatenate([np.asarray(picture.crop(box)).reshape(-1, 3) for box in boxes]).astype(np.float32)
    if edge.std(0).max() > 12:  # what JPEG leaves of one colour
        return ""
    mean = edge.mean(0)
    return "black" if mean.max() < 40 else "white" if mean.min() > 215 else "of one colour"


def look_at(paths: dict[str, list[Path]], side_by_side: bool, threads: int, progress: bool) -> dict[str, list[Look]]:
    """Of each set of files, what is seen; a folder of any size takes little memory."""
    jobs = [(name, path) for name, files in paths.items() for path in files]
    coming = prefetch(lambda job: look(job[1], side_by_side), jobs, threads)
    looks: dict[str, list[Look]] = {name: [] for name in paths}
    for (name, _), one in zip(jobs, tqdm(coming, "looking at pictures", len(jobs), disable=not progress), strict=True):
        looks[name].append(one)
    return looks


def findings(layout: Layout, looks: dict[str, list[Look]], load: int) -> Iterator[Finding]:
    """All that is to be said of the pictures. load: the pixels that training gives their shorter side."""
    whole = {name: [one for one in set_of if not one.error] for name, set_of in looks.items()}
    everything = [one for set_of in whole.values() for one in set_of]
    broken = [one.error for set_of in looks.values() for one in set_of if one.error]
    yield Finding("can't be used; mend or remove", broken, breaks=True)
    yield Finding("one colour all over: nothing to learn from", [str(one.path) for one in everything if one.flat])
    tiny = [f"{one.path}: {one.size[0]} x {one.size[1]} px" for one in everything if 2 * min(one.size) < load]
    yield Finding(f"small: training enlarges them to {load} px, and they are blurred then", tiny)
    for trait in sorted(set().union(*(one.traits for one in everything)) - {TAG}):
        yield Finding(trait, [str(one.path) for one in everything if trait in one.traits])
    for name, set_of in whole.items():
        yield Finding(f"copies of others in {name}", _copies(set_of, set_of))
    for one, two in combinations(whole, 2):
        if one[-1] == two[-1] or layout.kind == "side by side":
            yield Finding(f"in both {one} and {two}: figures flatter", _copies(whole[two], whole[one]))
        elif layout.kind == "unpaired":
            yield Finding(f"in both {one} and {two}", _copies(whole[two], whole[one]))
    if layout.kind == "unpaired":
        told = list(_tell_tales(whole["train A"], whole["train B"]))
        yield Finding("a discriminator sees these first: make both kinds alike, or such things are learnt", told)
    for pairs in _pairs(looks) if layout.kind != "unpaired" else ():
        turned = [f"{a.path}, {b.path}" for a, b in pairs if (TAG in a.traits) != (TAG in b.traits)]
        yield Finding("only one of a pair has an orientation tag: is it turned as the other is?", turned)
        wrong = [f"{a.path}: its A fits the B of {b.path}" for a, b in _mispaired(pairs)]
        yield Finding("mispaired, by where their edges are", wrong)


def _copies(these: list[Look], those: list[Look]) -> list[str]:
    """Which of these are copies of one of those (of the same list: of one whose path comes before), and of which one.

    Scaled and saved again, a picture differs by little in every cell; another picture of the same scene differs by
    much in some. Sorted by brightness, few have to be compared.
    """
    others = sorted((one for one in those if not one.flat), key=lambda one: one.brightness)
    if not others:
        return []
    levels, smalls = [one.brightness for one in others], np.stack([one.small for one in others])
    found = []
    for one in (one for one in these if not one.flat):
        near = slice(*np.searchsorted(levels, (one.brightness - 3, one.brightness + 3)))
        apart = np.abs(smalls[near].astype(np.int16) - one.small).max(axis=(1, 2))  # (near, 3)
        limit = COPY * min(1, one.small[..., 0].std() / 25)  # where all is alike, by less
        alike = [others[near][k] for k in np.flatnonzero((apart <= limit).all(1))]
        if first := min((other.path for other in alike if these is not those or other.path < one.path), default=None):
            found.append(f"{one.path} = {first}")
    return found


def _pairs(looks: dict[str, list[Look]]) -> Iterator[list[tuple[Look, Look]]]:
    """Of each split, the pairs that can be read; side by side, both are the same file."""
    for split in ("train", "test", "val"):
        A, B = (looks.get(split) or looks.get(f"{split} {domain}", []) for domain in "AB")
        yield [(a, b) for a, b in zip(A, B, strict=True) if not (a.error or b.error)]


def _mispaired(pairs: list[tuple[Look, Look]]) -> Iterator[tuple[Look, Look]]:
    """Pairs whose own edges agree much less than A's do with another pair's B, each being the other's best.

    Only where partners can be told by their edges at all: where most A's best B stands out, be it the own one or not.
    """
    for first in range(0, len(pairs), BLOCK):
        block = pairs[first : first + BLOCK]
        if len(block) < 6:
            return
        A, B = (_contrasts(np.stack([pair[k].halves[-k].edges for pair in block])) for k in (0, 1))
        agree, all_of_them = A @ B.T, np.arange(len(block))  # (pairs, pairs), each in [-1, 1]
        best, own = agree.argmax(1), agree.diagonal()
        height, mutual = agree[all_of_them, best], agree.argmax(0)[best] == all_of_them
        next_best = np.maximum(np.partition(agree, -2, 1)[:, -2], np.partition(agree, -2, 0)[-2][best])
        if np.mean(mutual & (height > next_best + OUTSTANDING)) > TELLING:
            for i in np.flatnonzero(mutual & (height > np.maximum(own, own[best]) + BETTER)):
                yield block[i][0], block[best[i]][1]


def _contrasts(edges: np.ndarray) -> np.ndarray:
    """(N, 2, 32, 32) -> (N, 2048), what is special in each, so that a product of two rows is their correlation."""
    rows = edges.reshape(len(edges), -1).astype(np.float32)
    rows -= rows.mean(0)
    rows -= rows.mean(1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _tell_tales(A: list[Look], B: list[Look]) -> Iterator[str]:
    """By what trivial thing a discriminator could tell the domains apart, a line each."""
    words: dict[str, Callable[[Look], str]] = {
        "file type": lambda one: one.kind,
        "colour": lambda one: "grey" if one.halves[0].grey else "colour",
        "frame": lambda one: f"a {one.halves[0].frame} frame" if one.halves[0].frame else "no frame",
        "shape": lambda one: ("wide", "square", "high")[1 + int(np.sign(one.size[1] - one.size[0]))],
    }
    for name, word in words.items():
        a, b = (Counter(map(word, domain)) for domain in (A, B))
        if A and B and sum(abs(a[kind] / len(A) - b[kind] / len(B)) for kind in a | b) / 2 >= TELLING:
            (x, x_count), (y, y_count) = a.most_common(1)[0], b.most_common(1)[0]
            shares = f"A mostly {x} ({100 * x_count // len(A)} %), B {y} ({100 * y_count // len(B)} %)"
            yield f"the {name} alone tells A from B: {shares}"
    numbers = {"JPEG quality": (lambda one: one.quality, 10), "size": (lambda one: min(one.size), None)}
    for name, (number, apart) in numbers.items():
        a, b = ([n for one in domain if (n := number(one))] for domain in (A, B))
        if a and b:
            x, y = np.median(a), np.median(b)
            tells = abs(np.mean(np.array(a) > (x + y) / 2) - np.mean(np.array(b) > (x + y) / 2)) >= TELLING
            if tells and (abs(x - y) >= apart if apart else max(x, y) >= 1.5 * min(x, y)):
                yield f"the {name} alone tells A from B: about {x:.0f} in A, {y:.0f} in B"


def one_way(looks: list[Look]) -> bool:
    """Whether pictures look one way: the mean difference from their mirror images is no accident, but as large as the
    differences among them. Of shoes with all toes to the left it is 1.5 times as large, of landscapes a tenth."""
    if len(looks) < 20:
        return False
    grey = np.stack([half.small[..., 0] for one in looks for half in one.halves]).astype(np.float32)  # (N, 16, 16)
    apart = grey - grey[:, :, ::-1]
    return bool((apart.mean(0) ** 2).mean() > ONE_WAY**2 * apart.var(0).mean())

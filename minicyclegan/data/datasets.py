"""Worlds and folders as batches for training. Order and augmentation are functions of (seed, epoch, index) alone.

So the number of workers, a restart, or a batch that is asked for twice change nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from minicyclegan.data.colours import Channels, PictureError, normalise
from minicyclegan.data.folders import DataError, Layout, find_layout
from minicyclegan.data.images import read_picture, resize, to_array, to_tensor
from minicyclegan.data.jitter import jitter, load_size
from minicyclegan.share import ALL, Share
from minicyclegan.worlds import WORLDS, Domain, Split, World, draw_scene, other, render_pictures

# Decoded pictures are kept in memory up to this many bytes a set; the rest is decoded again whenever it is needed.
MEMORY_BUDGET = 2 * 1024**3

TEST_PICTURES = 24  # of each of a world's domains, during training: sample grids show the first few


class Pictures:
    """One domain's pictures at one size: `pictures[i]` is uint8 (side, side, channels).

    Decoded once where they fit into memory. `names[i]` is the file or the scene it comes from.
    """

    def __init__(self, read: Callable[[int], np.ndarray], names: Sequence[str], kept: np.ndarray | None = None):
        self.read, self.names = read, names
        self._kept: dict[int, np.ndarray] = dict(enumerate(kept)) if kept is not None else {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        """uint8 (side, side, channels). Raises DataError for a file that was spoilt since it was first read."""
        if index in self._kept:
            return self._kept[index]
        try:
            return self.read(index)
        except PictureError as error:
            raise DataError(f"{error}; it could be read before") from None

    def keep(self, index: int, picture: np.ndarray) -> None:
        self._kept[index] = picture

    @property
    def all_kept(self) -> bool:
        """Whether no picture is ever decoded again."""
        return len(self._kept) == len(self)

    def tensor(self, indices: Sequence[int]) -> Tensor:
        """The pictures as they are, without augmentation: float32 (N, C, side, side) in [-1, 1]."""
        return to_tensor(np.stack([self[i] for i in indices]))


@dataclass(frozen=True)
class DataSet:
    """What a training run sees, and what it is tried on. `truth_*` are a world's true counterparts, else None.

    Training pictures are `load_size(size)` pixels wide, test pictures `size`. Where `paired`, the pictures of A and B
    at one index belong together.
    """

    description: str
    train_A: Pictures
    train_B: Pictures
    test_A: Pictures
    test_B: Pictures
    truth_A: Pictures | None = None
    truth_B: Pictures | None = None
    domains: tuple[str, str] = ("A", "B")
    paired: bool = False

    def swapped(self) -> DataSet:
        """The same with the roles of A and B exchanged (--direction BtoA)."""
        return DataSet(
            f"{self.description}; A and B exchanged",
            self.train_B,
            self.train_A,
            self.test_B,
            self.test_A,
            self.truth_B,
            self.truth_A,
            self.domains[::-1],
            self.paired,
        )


class UnpairedBatches:
    """Two independent shuffled streams: an epoch shows every picture of the larger domain once.

    The smaller domain starts over within an epoch, newly shuffled, so that pairs never repeat in the same order.
    Of several processes that share the batches, each makes only its part.
    """

    def __init__(self, A: Pictures, B: Pictures, size: int, seed: int, share: Share = ALL):
        self.A, self.B, self.size, self.seed, self.share = A, B, size, seed, share
        self._order = lru_cache(maxsize=8)(self._shuffle)

    def __len__(self) -> int:
        return max(len(self.A), len(self.B))

    @property
    def readers(self) -> int:
        """How many threads make batches fast enough: one, unless pictures are decoded again and again."""
        return 1 if self.A.all_kept and self.B.all_kept else available_cores()

    def batch(self, step: int, count: int) -> tuple[Tensor, Tensor]:
        """What step `step` sees, `count` pictures a step: A and B, float32 (count, C, size, size) in [-1, 1]."""
        positions = self.share.of(range(step * count, (step + 1) * count))
        return self._crops(self.A, 0, positions), self._crops(self.B, 1, positions)

    def _crops(self, pictures: Pictures, stream: int, positions: range) -> Tensor:
        crops = []
        for position in positions:
            epoch, index = divmod(position, len(self))
            around, within = divmod(index, len(pictures))
            picture = pictures[self._order(len(pictures), stream, epoch, around)[within]]
            crops.append(jitter(picture, self.size, np.random.default_rng([self.seed, 2, stream, epoch, index])))
        return to_tensor(np.stack(crops))  # (count, C, size, size)

    def _shuffle(self, count: int, stream: int, epoch: int, around: int) -> np.ndarray:
        return np.random.default_rng([self.seed, 1, stream, epoch, around]).permutation(count)


class PairedBatches(UnpairedBatches):
    """One shuffled stream of pairs: A and B of one index, with the same crop and the same mirroring."""

    def __init__(self, A: Pictures, B: Pictures, size: int, seed: int, share: Share = ALL):
        if len(A) != len(B):
            raise ValueError(f"pairs need as many pictures of A as of B, not {len(A)} and {len(B)}")
        super().__init__(A, B, size, seed, share)

    def batch(self, step: int, count: int) -> tuple[Tensor, Tensor]:
        """Like `UnpairedBatches.batch`; a[i] and b[i] are a pair."""
        positions = self.share.of(range(step * count, (step + 1) * count))
        return self._crops(self.A, 0, positions), self._crops(self.B, 0, positions)


def open_data(
    names: Sequence[str],
    size: int,
    pictures: int,
    channels: tuple[Channels, Channels] = (3, 3),
    progress: bool = False,
    cache_dir: Path | None = None,
    test_pictures: int = TEST_PICTURES,
    training: bool = True,
) -> DataSet:
    """The world called names[0], or the folder or two folders of that name. Raises DataError.

    pictures        how many training pictures of each domain a world draws
    cache_dir       where a world's pictures are kept for the next time; None: nowhere
    test_pictures   how many test pictures of each domain are drawn, or read, at most
    training        whether training pictures are needed: those of a folder are read now
    """
    workers = available_cores()
    if len(names) == 1 and names[0] in WORLDS:
        world = WORLDS[names[0]]
        return world_data(world, size, pictures, test_pictures, channels, 0, workers, progress, cache_dir)
    if len(names) == 1 and not Path(names[0]).exists():
        raise DataError(f"{names[0]}: no such folder and no such world; the worlds: {', '.join(WORLDS)}")
    layout = find_layout([Path(name) for name in names])
    return folder_data(layout, size, channels, workers, progress, test_pictures, training)


def available_cores() -> int:
    """The processor cores that this process may use: a container's share of a large machine, not all of it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no control groups, or "max"
        return cores


def world_data(
    world: World,
    size: int,
    count: int,
    test_count: int,
    channels: tuple[Channels, Channels] = (3, 3),
    seed: int = 0,
    workers: int = 1,
    progress: bool = False,
    cache_dir: Path | None = None,
) -> DataSet:
    """`count` training and `test_count` test pictures of each domain of a world, drawn now or read from the cache."""

    def draw(split: Split, domain: Domain, number: int, side: int, as_channels: int) -> Pictures:
        array = render_pictures(world, split, domain, number, side, seed, workers, progress, cache_dir)
        array = _grey(array) if as_channels == 1 else array
        names = [f"{world.name} {split} {domain} {index}" for index in range(number)]
        return Pictures(array.__getitem__, names, array)

    def draw_truth(domain: Domain, as_channels: int) -> Pictures:
        def read(index: int) -> np.ndarray:
            picture = world.render(draw_scene(world, "test", domain, index, seed), other(domain), size)
            return _grey(picture) if as_channels == 1 else picture

        return Pictures(read, [f"{world.name} truth of test {domain} {index}" for index in range(test_count)])

    side = load_size(size)
    amount = f"{count} pairs" if world.kind == "paired" else f"{count} + {count} pictures"
    return DataSet(
        f'world "{world.name}": {world.domains[0]} <-> {world.domains[1]}, {amount}, {size} px',
        train_A=draw("train", "A", count, side, channels[0]),
        train_B=draw("train", "B", count, side, channels[1]),
        test_A=draw("test", "A", test_count, size, channels[0]),
        test_B=draw("test", "B", test_count, size, channels[1]),
        truth_A=draw_truth("A", channels[1]),
        truth_B=draw_truth("B", channels[0]),
        domains=world.domains,
        paired=world.kind == "paired",
    )


def folder_data(
    layout: Layout,
    size: int,
    channels: tuple[Channels, Channels] = (3, 3),
    workers: int = 2,
    progress: bool = False,
    test_pictures: int | None = None,
    training: bool = True,
) -> DataSet:
    """The pictures of a folder, all decoded now. Raises DataError that lists every broken or unpaired one by path.

    Without test pictures, the training pictures stand in for them in sample grids.

    test_pictures   only the first so many of each domain; None: all
    training        whether the training pictures are needed
    """
    side_by_side = layout.kind == "side by side"

    def pictures(paths: list[Path], half: int | None, side: int, as_channels: Channels) -> Pictures:
        return Pictures(lambda index: read_sized(paths[index], side, as_channels, half), [str(path) for path in paths])

    halves = (0, 1) if side_by_side else (None, None)
    test_A = (layout.test_A or layout.train_A)[:test_pictures]
    test_B = (layout.test_B or layout.train_B)[:test_pictures]
    sets = (
        pictures(layout.train_A, halves[0], load_size(size), channels[0]),
        pictures(layout.train_B, halves[1], load_size(size), channels[1]),
        pictures(test_A, halves[0], size, channels[0]),
        pictures(test_B, halves[1], size, channels[1]),
    )
    problems = layout.problems + _read_all(sets if training else sets[2:], workers, progress)
    if problems:
        lines = [f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}; mend or remove these files:"]
        lines += [f"  {problem}" for problem in problems]
        raise DataError("\n".join(lines + [layout.advice] * bool(layout.problems)))
    return DataSet(str(layout), *sets, paired=layout.kind != "unpaired")


def read_sized(path: Path, side: int, channels: Channels, half: int | None = None) -> np.ndarray:
    """A file, or its left (half 0) or right (half 1) half: uint8 (side, side, channels). Raises PictureError."""
    image = read_picture(path, channels)
    if half is not None:
        middle = image.width // 2
        image = image.crop((half * middle, 0, (half + 1) * middle, image.height))
    return to_array(resize(image, side))


def _read_all(sets: Sequence[Pictures], workers: int, progress: bool) -> list[str]:
    """Decodes every picture once and keeps what fits into memory; returns what is wrong with the broken ones."""
    jobs = [(pictures, index) for pictures in sets for index in range(len(pictures))]
    broken: dict[str, None] = {}  # a set without duplicates that keeps its order
    budget = MEMORY_BUDGET

    def read(job: tuple[Pictures, int]) -> np.ndarray | str:
        try:
            return job[0].read(job[1])
        except PictureError as error:
            return str(error)

    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        results = tqdm(pool.map(read, jobs), total=len(jobs), desc="reading pictures", disable=not progress)
        for (pictures, index), result in zip(jobs, results, strict=True):
            if isinstance(result, str):
                broken[result] = None
            elif result.nbytes <= budget:
                pictures.keep(index, result)
                budget -= result.nbytes
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C, nobody waits for thousands of pictures
    return list(broken)


def _grey(pictures: np.ndarray) -> np.ndarray:
    """uint8 (..., H, W, 3) -> (..., H, W, 1), by the same rule as for files."""
    flat = pictures.reshape(-1, pictures.shape[-2], 3)
    return to_array(normalise(Image.fromarray(flat), channels=1)).reshape(*pictures.shape[:-1], 1)

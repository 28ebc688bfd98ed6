"""Worlds and folders as batches for training. Order and augmentation are functions of (seed, epoch, index) alone.

So the number of workers, a restart, or a batch that is asked for twice change nothing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from minicyclegan.data.colours import Channels, PictureError, normalise
from minicyclegan.data.folders import DataError, Layout
from minicyclegan.data.images import Notes, read_picture, summary, to_array, to_tensor
from minicyclegan.data.jitter import centre, jitter, load_size, scaled
from minicyclegan.data.prefetch import prefetch
from minicyclegan.data.record import Record, digest, record_files
from minicyclegan.data.sources import find_data
from minicyclegan.devices import free_memory
from minicyclegan.share import ALL, Share
from minicyclegan.worlds import Domain, Split, World, draw_scene, other, render_pictures
from minicyclegan.worlds.render import DrawingError

# Decoded pictures are kept in memory up to this many bytes a set; the rest is decoded again whenever it is needed.
MEMORY_BUDGET = 2 * 1024**3

TEST_PICTURES = 24  # of each domain, during training: sample grids show the first few
VALIDATION_PICTURES = 32  # of each domain, at most
ENOUGH = 200  # training pictures of each domain: from so many on, some are held back where nothing else is there


class Pictures:
    """One domain's pictures: `pictures[i]` is uint8 (height, width, channels).

    Decoded once where they fit into memory. `names[i]` is the file or the scene it comes from.
    """

    def __init__(self, read: Callable[[int], np.ndarray], names: Sequence[str], kept: np.ndarray | None = None):
        self.read, self.names = read, names
        self._kept: dict[int, np.ndarray] = dict(enumerate(kept)) if kept is not None else {}

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        """uint8 (height, width, channels). Raises DataError for a file that was spoilt since it was first read."""
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

    `val_*` are what training validates on, never what `evaluate` sees; None: nothing. `validation` says it in a line.

    Training pictures are larger than the size x size cuts that batches take of them: `load_size(size)` pixels wide and
    high, or `shorter_side` to their shorter side. Test pictures are size x size. Where `paired`, the pictures of A and
    B at one index belong together.

    notes     what of a folder is not used, a line each
    record    what a run's record says of the pictures, to compare when it is resumed
    """

    description: str
    train_A: Pictures
    train_B: Pictures
    test_A: Pictures
    test_B: Pictures
    truth_A: Pictures | None = None
    truth_B: Pictures | None = None
    val_A: Pictures | None = None
    val_B: Pictures | None = None
    val_truth_A: Pictures | None = None
    val_truth_B: Pictures | None = None
    validation: str = "none"
    domains: tuple[str, str] = ("A", "B")
    paired: bool = False
    notes: list[str] = field(default_factory=list)
    record: Record = field(default_factory=dict)

    def swapped(self) -> DataSet:
        """The same with the roles of A and B exchanged (--direction BtoA)."""
        sides = [(kind, domain) for kind in ("train", "test", "truth", "val", "val_truth") for domain in ("A", "B")]
        swapped = {f"{kind}_{domain}": getattr(self, f"{kind}_{other(domain)}") for kind, domain in sides}
        said = f"{self.description}; A and B exchanged"
        return replace(self, description=said, domains=self.domains[::-1], **swapped)


class UnpairedBatches:
    """Two independent shuffled streams: an epoch shows every picture of the larger domain once.

    The smaller domain starts over within an epoch, newly shuffled, so that pairs never repeat in the same order.
    Of several processes that share the batches, each makes only its part.
    """

    streams = (0, 1)  # of random numbers, for A and for B

    def __init__(self, A: Pictures, B: Pictures, size: int, seed: int, share: Share = ALL, flip: bool = True):
        self.A, self.B, self.size, self.seed, self.share, self.flip = A, B, size, seed, share, flip
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
        return self._crops(self.A, self.streams[0], positions), self._crops(self.B, self.streams[1], positions)

    def _crops(self, pictures: Pictures, stream: int, positions: range) -> Tensor:
        crops = []
        for position in positions:
            rng = np.random.default_rng([self.seed, 2, stream, *divmod(position, len(self))])
            crops.append(jitter(pictures[self._chosen(pictures, stream, position)], self.size, rng, self.flip))
        return to_tensor(np.stack(crops))  # (count, C, size, size)

    def _chosen(self, pictures: Pictures, stream: int, position: int) -> int:
        epoch, index = divmod(position, len(self))
        around, within = divmod(index, len(pictures))
        return self._order(len(pictures), stream, epoch, around)[within]

    def names(self, step: int, count: int) -> list[str]:
        """Which pictures `batch` is made of, in all processes: first A's, then B's."""
        sets, positions = ((self.A, 0), (self.B, self.streams[1])), range(step * count, (step + 1) * count)
        return [pictures.names[self._chosen(pictures, stream, i)] for pictures, stream in sets for i in positions]

    def _shuffle(self, count: int, stream: int, epoch: int, around: int) -> np.ndarray:
        return np.random.default_rng([self.seed, 1, stream, epoch, around]).permutation(count)


class PairedBatches(UnpairedBatches):
    """One shuffled stream of pairs: in `batch`, a[i] and b[i] belong together, with the same crop and mirroring."""

    streams = (0, 0)

    def __init__(self, A: Pictures, B: Pictures, size: int, seed: int, share: Share = ALL, flip: bool = True):
        if len(A) != len(B):
            raise ValueError(f"pairs need as many pictures of A as of B, not {len(A)} and {len(B)}")
        super().__init__(A, B, size, seed, share, flip)


def open_data(
    names: Sequence[str],
    size: int,
    pictures: int,
    channels: tuple[Channels, Channels] = (3, 3),
    progress: bool = False,
    cache_dir: Path | None = None,
    test_pictures: int = TEST_PICTURES,
    shorter_side: int | None = None,
    pairs_for: str | None = None,
    training: bool = True,
    validation: int = 0,
) -> DataSet:
    """What `find_data` finds, drawn or read. Raises DataError.

    pictures        how many training pictures of each domain a world draws
    cache_dir       where a world's pictures are kept for the next time; None: nowhere
    test_pictures   how many test pictures of each domain are drawn or read, at most
    shorter_side    pictures keep their shape and have so many pixels to their shorter side; None: squeezed to a square
    training        whether a folder's training pictures are read now
    validation      how many pictures of each domain training validates on, at most
    """
    found, workers = find_data(names, pairs_for, training), available_cores()
    if isinstance(found, Layout):
        return folder_data(found, size, channels, workers, progress, test_pictures, shorter_side, training, validation)
    drawn = channels, workers, progress, cache_dir, shorter_side, validation
    return world_data(found, size, pictures, test_pictures, *drawn)


def available_cores() -> int:
    """The processor cores that this process may use: a container's share of a large machine, not all of it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no control groups, or "max"
        return cores


def world_data(
    world: World,
    size: int,
    count: int,
    test_count: int,
    channels: tuple[Channels, Channels] = (3, 3),
    workers: int = 1,
    progress: bool = False,
    cache_dir: Path | None = None,
    shorter_side: int | None = None,
    validation: int = 0,
) -> DataSet:
    """`count` training and `test_count` test pictures of each domain of a world, drawn now or read from the cache.

    With a `shorter_side`, scenes are drawn at that size, and test pictures and their truth are the middle of them.
    Of the validation pictures, each is drawn when it is asked for; they are no more than training pictures.
    Raises DataError where they can't be drawn, or are more than the memory holds.
    """
    sides: dict[Split, int] = {"train": shorter_side or load_size(size), "test": shorter_side or size}
    needed = 2 * 3 * (count * sides["train"] ** 2 + test_count * sides["test"] ** 2)
    fewer = "ask for fewer (--pictures, or --count where a model is measured) or for smaller ones"
    if needed > (there := free_memory(torch.device("cpu"))):
        gigabytes = f"{needed / 1e9:,.1f} GB of memory, and {there / 1e9:,.1f} GB are free"
        raise DataError(f"the pictures of {world.name} need {gigabytes}: {fewer}")

    def draw(split: Split, domain: Domain, number: int) -> np.ndarray:
        try:
            array = render_pictures(
                world, split, domain, number, sides[split], workers=workers, progress=progress, cache_dir=cache_dir
            )
        except DrawingError as error:
            raise DataError(f"{error}; {fewer}") from None
        array = _grey(array) if channels["AB".index(domain)] == 1 else array
        return centre(array, size) if split == "test" else array

    def drawn_later(split: Split, domain: Domain, shown: Domain, number: int) -> Pictures:
        def read(index: int) -> np.ndarray:
            picture = world.render(draw_scene(world, split, domain, index), shown, sides["test"])
            return centre(_grey(picture) if channels["AB".index(shown)] == 1 else picture, size)

        what = "truth of " * (shown != domain) + f"{split} {domain}"
        return Pictures(read, [f"{world.name} {what} {index}" for index in range(number)])

    def pictures(split: Split, domain: Domain, drawn: np.ndarray) -> Pictures:
        names = [f"{world.name} {split} {domain} {index}" for index in range(len(drawn))]
        return Pictures(drawn.__getitem__, names, drawn)

    train_A, train_B = draw("train", "A", count), draw("train", "B", count)
    test_A, test_B = draw("test", "A", test_count), draw("test", "B", test_count)
    amount = f"{count} pairs" if world.kind == "paired" else f"{count} + {count} pictures"
    sizes = f"{size} px" + (f" out of {shorter_side} px" if shorter_side else "")
    held_out: dict[str, Any] = {}
    if validation := min(validation, count):
        held_out["validation"] = f"{validation} + {validation} pictures of scenes that are in neither other split"
        for domain in ("A", "B"):
            held_out[f"val_{domain}"] = drawn_later("val", domain, domain, validation)
            held_out[f"val_truth_{domain}"] = drawn_later("val", domain, other(domain), validation)
    return DataSet(
        f'world "{world.name}": {world.domains[0]} <-> {world.domains[1]}, {amount}, {sizes}',
        train_A=pictures("train", "A", train_A),
        train_B=pictures("train", "B", train_B),
        test_A=pictures("test", "A", test_A),
        test_B=pictures("test", "B", test_B),
        truth_A=drawn_later("test", "A", "B", test_count),
        truth_B=drawn_later("test", "B", "A", test_count),
        **held_out,
        domains=world.domains,
        paired=world.kind == "paired",
        record={"A": digest(train_A), "B": digest(train_B), "test A": digest(test_A), "test B": digest(test_B)},
    )


def folder_data(
    layout: Layout,
    size: int,
    channels: tuple[Channels, Channels] = (3, 3),
    workers: int = 2,
    progress: bool = False,
    test_pictures: int = TEST_PICTURES,
    shorter_side: int | None = None,
    training: bool = True,
    validation: int = 0,
) -> DataSet:
    """The pictures of a folder; all that are needed are decoded now. Raises DataError that lists every broken one.

    test_pictures   the first so many of each domain's test pictures; where there are none, training pictures stand in
    shorter_side    as in `open_data`; test pictures are the middle of the scaled ones then
    training        whether the training pictures are needed
    validation      so many of each domain, at most, are validated on: see `hold_back`
    """
    layout, (val_A, val_B), said = hold_back(layout, validation)
    notes: Notes = set()
    halves = (0, 1) if layout.kind == "side by side" else (None, None)

    def pictures(paths: list[Path], domain: int, test: bool) -> Pictures:
        side = shorter_side or (size if test else load_size(size))

        def read(index: int) -> np.ndarray:
            picture = read_sized(paths[index], side, channels[domain], halves[domain], shorter_side is not None, notes)
            return centre(picture, size) if test else picture

        return Pictures(read, [str(path) for path in paths])

    test_A = (layout.test_A or layout.train_A)[:test_pictures]
    test_B = (layout.test_B or layout.train_B)[:test_pictures]
    train = pictures(layout.train_A, 0, test=False), pictures(layout.train_B, 1, test=False)
    test = pictures(test_A, 0, test=True), pictures(test_B, 1, test=True)
    val = (pictures(val_A, 0, test=True), pictures(val_B, 1, test=True)) if validation else ()
    problems = _read_all((*train, *test, *val) if training else test, workers, progress)
    if problems:
        lines = [f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}; mend or remove these files:"]
        lines += [f"  {problem}" for problem in problems]
        advice = "if they are single pictures, sort them into trainA/ and trainB/"
        raise DataError("\n".join(lines + [advice] * any(NO_HALVES in problem for problem in problems)))
    for line in summary(notes) if progress else ():
        print(f"note: {line}")
    own = validation and not set(val_A) <= set(layout.train_A)
    files = {"A": layout.train_A, "test A": layout.test_A and test_A, "val A": val_A if own else []}
    if layout.kind != "side by side":
        files |= {"B": layout.train_B, "test B": layout.test_B and test_B, "val B": val_B if own else []}
    return DataSet(
        str(layout) + (f"; cuts of {size} px, shorter side {shorter_side} px" if shorter_side else ""),
        *train,
        *test,
        **dict(zip(("val_A", "val_B"), val, strict=False)),
        validation=said,
        paired=layout.kind != "unpaired",
        notes=layout.notes,
        record={name: record_files(paths, workers) for name, paths in files.items() if paths} if training else {},
    )


def hold_back(layout: Layout, count: int) -> tuple[Layout, tuple[list[Path], list[Path]], str]:
    """The layout without what is held back, the validation pictures of A and of B, and that in a sentence.

    val/ where there is one beside test/. Else, where each domain has ENOUGH training pictures, `count` of each are held
    back, spread evenly over their names: they are not trained on. Else training pictures stand in. Pairs stay pairs.
    """
    if not count:
        return layout, ([], []), "none"

    def spread(paths: list[Path]) -> list[Path]:
        return [paths[i * len(paths) // count] for i in range(count)] if len(paths) > count else paths

    train = layout.train_A, layout.train_B
    val = (spread(layout.val_A), spread(layout.val_B)) if layout.val_A else (spread(train[0]), spread(train[1]))
    numbers = f"{len(val[0])} + {len(val[1])} pictures" if layout.kind == "unpaired" else f"{len(val[0])} pairs"
    if layout.val_A:
        return layout, val, f"{numbers} of {' and '.join(sorted({paths[0].parent.name + '/' for paths in val}))}"
    if min(map(len, train)) < ENOUGH:
        return layout, val, f"{numbers} that are trained on, too, since there are few: the figures flatter"
    held = set(val[0]), set(val[1])
    rest = [[path for path in paths if path not in kept] for paths, kept in zip(train, held, strict=True)]
    return replace(layout, train_A=rest[0], train_B=rest[1]), val, f"{numbers} held back from the training pictures"


NO_HALVES = "a side-by-side pair has an even width and is wider than high"


def read_sized(
    path: Path,
    side: int,
    channels: Channels,
    half: int | None = None,
    keep_shape: bool = False,
    notes: Notes | None = None,
) -> np.ndarray:
    """A file, or its left (half 0) or right (half 1) half: uint8 (side, side, channels). Raises PictureError.

    keep_shape   not squeezed: only the shorter side has `side` pixels
    """
    image = read_picture(path, channels, notes)
    if half is not None:
        width, height = image.size
        if width % 2 or width <= height:
            raise PictureError(f"{path}: {width} x {height} px; {NO_HALVES}")
        image = image.crop((half * width // 2, 0, (half + 1) * width // 2, height))
    # Unlike a broken file, this would be the same with the next one.
    if side * side * (max(image.size) / min(image.size) if keep_shape else 1) > (Image.MAX_IMAGE_PIXELS or math.inf):
        raise DataError(f"{path}: too large when it has {side} px to its side; give a smaller --size or --load-size")
    # Squeezed to a square as the published recipe does.
    return to_array(scaled(image, side) if keep_shape else image.resize((side, side), Image.Resampling.BICUBIC))


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

    results = tqdm(prefetch(read, jobs, max(workers, 1)), "reading pictures", len(jobs), disable=not progress)
    for (pictures, index), result in zip(jobs, results, strict=True):
        if isinstance(result, str):
            broken[result] = None
        elif result.nbytes <= budget:
            pictures.keep(index, result)
            budget -= result.nbytes
    return list(broken)


def _grey(pictures: np.ndarray) -> np.ndarray:
    """uint8 (..., H, W, 3) -> (..., H, W, 1), by the same rule as for files."""
    flat = pictures.reshape(-1, pictures.shape[-2], 3)
    return to_array(normalise(Image.fromarray(flat), channels=1)).reshape(*pictures.shape[:-1], 1)

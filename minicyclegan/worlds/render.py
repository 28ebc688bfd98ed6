"""Many pictures of a world at once: in several processes, with a progress bar, kept on disk for the next time.

The cache is one .npz file for each set of pictures, in `default_cache_dir()`: the folder named by the environment
variable MINICYCLEGAN_CACHE, else ~/.cache/minicyclegan. Its names carry a fingerprint of the drawing code, so a
changed world is never served from an old file. Delete the folder to clear it, or run
`python -m minicyclegan.worlds --clear-cache`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import cache
from pathlib import Path
from subprocess import PIPE

import numpy as np
import PIL
from tqdm import tqdm

from minicyclegan.worlds.base import SPLITS, Domain, Split, World, draw_scene

NO_MEMORY = errno.ENOMEM  # what a drawing process exits with for want of it
CHUNK = 8  # pictures between two movements of the progress bar

# A drawing process has one core; in each, the BLAS that NumPy was built with would start a thread for every core.
BLAS_THREADS = "OPENBLAS_NUM_THREADS MKL_NUM_THREADS OMP_NUM_THREADS BLIS_NUM_THREADS VECLIB_MAXIMUM_THREADS".split()


class DrawingError(RuntimeError):
    """Pictures that can't be drawn here and now; the message says what stopped it."""


def render_pictures(
    world: World,
    split: Split,
    domain: Domain,
    count: int,
    size: int,
    seed: int = 0,
    workers: int = 1,
    progress: bool = False,
    cache_dir: str | Path | None = None,
) -> np.ndarray:
    """The first `count` pictures of a split and domain: (count, size, size, 3) uint8, for any `workers` the same bytes.

    `workers` is the number of processes that draw, `cache_dir` the folder to keep the result in (None: not kept).
    Raises ValueError for a split, domain, count or size that can't be, DrawingError where the memory does not suffice
    or a process is ended.
    """
    if split not in SPLITS or domain not in ("A", "B"):
        raise ValueError(f"no split {split!r} with domain {domain!r}: splits are {', '.join(SPLITS)}, domains A and B")
    if count < 0 or size < 1 or seed < 0 or workers < 1:
        raise ValueError(f"can't draw {count} pictures of {size} px with seed {seed} in {workers} processes")
    if cache_dir is None:
        return _draw(world, split, domain, count, size, seed, workers, progress)

    name = f"{world.name}-{drawing_version()}-{split}{domain}-{count}x{size}px-seed{seed}.npz"
    path = Path(cache_dir) / name
    pictures = _load(path, (count, size, size, 3))
    if pictures is None:
        pictures = _draw(world, split, domain, count, size, seed, workers, progress)
        _save(path, pictures)
    return pictures


def default_cache_dir() -> Path:
    """Where rendered pictures are kept: $MINICYCLEGAN_CACHE, else ~/.cache/minicyclegan. Not created by asking."""
    chosen = os.environ.get("MINICYCLEGAN_CACHE")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "minicyclegan"


def clear_cache(cache_dir: str | Path | None = None) -> int:
    """Deletes every kept set of pictures and returns how many files that were. Other files are left alone."""
    folder = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    kept = [path for ending in ("*px-seed*.npz", "*.npz.partial") for path in folder.glob(ending)]
    for path in kept:
        path.unlink(missing_ok=True)
    return len(kept)


@cache
def drawing_version() -> str:
    """A short fingerprint of everything that decides what a picture looks like: this package's source and its tools."""
    digest = hashlib.sha256(f"numpy {np.__version__} pillow {PIL.__version__}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _draw(
    world: World, split: Split, domain: Domain, count: int, size: int, seed: int, workers: int, progress: bool
) -> np.ndarray:
    bar = tqdm(total=count, desc=f"drawing {world.name} {split} {domain}", unit="pictures", disable=not progress)
    try:
        with bar:
            pictures = np.empty((count, size, size, 3), np.uint8)
            chunks = [(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
            workers = min(workers, len(chunks))
            if workers > 1 and _known_by_name(world):
                _draw_in_processes(pictures, chunks, (world.name, split, domain, size, seed), workers, bar.update)
            else:
                for start, stop in chunks:
                    pictures[start:stop] = draw_range(world, split, domain, start, stop, size, seed)
                    bar.update(stop - start)
        return pictures
    except MemoryError:
        raise DrawingError(f"{count:,} pictures of {size} px ({world.name}) are too large for the memory") from None


def draw_range(world: World, split: Split, domain: Domain, start: int, stop: int, size: int, seed: int) -> np.ndarray:
    """Pictures start..stop-1: (stop - start, size, size, 3) uint8."""
    scenes = (draw_scene(world, split, domain, index, seed) for index in range(start, stop))
    return np.stack([world.render(scene, domain, size) for scene in scenes])


def _known_by_name(world: World) -> bool:
    from minicyclegan.worlds import WORLDS  # it imports this module, so not at the top

    return WORLDS.get(world.name) is world


def _draw_in_processes(
    pictures: np.ndarray, chunks: list[tuple[int, int]], job: tuple, workers: int, advance: Callable[[int], object]
) -> None:
    # Plain child processes rather than multiprocessing: its children import the caller's main module again (torch and
    # all, seconds each), and crash in a script that doesn't hide its code behind `if __name__ == "__main__"`.
    package_root = str(Path(__file__).resolve().parents[2])
    search_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "minicyclegan.worlds.worker", json.dumps(job)]
    environment = {**os.environ, **dict.fromkeys(BLAS_THREADS, "1"), "PYTHONPATH": search_path}
    children: list[subprocess.Popen] = []
    todo: Iterator[tuple[int, int]] = iter(chunks)  # shared: whoever is free takes the next; next() on it is atomic

    def serve(child: subprocess.Popen) -> None:
        for start, stop in todo:
            with suppress(BrokenPipeError):  # a child that is gone: nothing comes back either
                child.stdin.write(f"{start} {stop}\n".encode())
                child.stdin.flush()
            drawn = child.stdout.read(pictures[start:stop].nbytes)
            if len(drawn) < pictures[start:stop].nbytes:
                if (status := child.wait()) == NO_MEMORY:
                    raise MemoryError
                how = f"was ended by signal {-status}, as when memory runs out" if status < 0 else f"failed ({status})"
                raise DrawingError(f"a drawing process {how} at pictures {start} to {stop - 1}")
            pictures[start:stop] = np.frombuffer(drawn, np.uint8).reshape(pictures[start:stop].shape)
            advance(stop - start)

    try:
        for _ in range(workers):
            children.append(subprocess.Popen(command, stdin=PIPE, stdout=PIPE, env=environment))
        with ThreadPoolExecutor(workers) as pool:
            try:
                for served in as_completed([pool.submit(serve, child) for child in children]):
                    served.result()
            except BaseException:
                for child in children:
                    child.kill()  # ends the reads that the other threads wait in
                raise
    finally:
        for child in children:
            with suppress(BrokenPipeError):
                child.stdin.close()
            child.stdout.close()
            child.wait()


def _load(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as kept:  # reading checks the archive's checksum
            pictures = kept["pictures"]
    except Exception:  # whatever a broken file makes of numpy and zipfile: drawing again puts it right
        return None
    return pictures if pictures.shape == shape and pictures.dtype == np.uint8 else None


def _save(path: Path, pictures: np.ndarray) -> None:
    # Under another name first, so that a run beside this one never reads half a file.
    partial = path.with_name(f"{secrets.token_hex(8)}.npz.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            np.savez(file, pictures=pictures)
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        warnings.warn(f"the drawn pictures could not be kept in {path.parent}: {error}", stacklevel=3)

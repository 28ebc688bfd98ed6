"""How many pictures of each world are drawn in a second, on one core.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.worlds [WORLD ...]

The mean over scenes of both domains; for each scene the quickest of three, in processor time.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from minicyclegan.worlds import WORLDS, World, draw_scene, get_world

SIZES = {64: 100, 128: 30, 256: 12}  # picture size: scenes of each domain


def quickest(world: World, domain: str, index: int, size: int) -> float:
    """Seconds for one picture, its scene included."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        world.render(draw_scene(world, "train", domain, index), domain, size)
        seconds.append(time.process_time() - start)
    return min(seconds)


def main() -> None:
    print(f"numpy {np.__version__}; milliseconds a picture, and pictures a second")
    for world in [get_world(name) for name in sys.argv[1:]] or WORLDS.values():
        for size, count in SIZES.items():
            means = {
                domain: 1000 * np.mean([quickest(world, domain, index, size) for index in range(count)])
                for domain in "AB"
            }
            rate = 1000 / np.mean(list(means.values()))
            print(f"{world.name:16} {size:4} px   A {means['A']:6.1f} ms   B {means['B']:6.1f} ms   {rate:5.0f}/s")


if __name__ == "__main__":
    main()

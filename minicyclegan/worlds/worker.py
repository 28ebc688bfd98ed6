"""A process that draws pictures for `render_pictures`: lines "start stop" on stdin, raw uint8 pictures on stdout."""

import json
import sys

from minicyclegan.worlds import get_world
from minicyclegan.worlds.render import NO_MEMORY, draw_range


def main() -> None:
    name, split, domain, size, seed = json.loads(sys.argv[1])
    world = get_world(name)
    for line in sys.stdin:
        start, stop = map(int, line.split())
        pictures = draw_range(world, split, domain, start, stop, size, seed)
        sys.stdout.buffer.write(pictures.tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)
    except MemoryError:
        sys.exit(NO_MEMORY)

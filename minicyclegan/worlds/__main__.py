"""python -m minicyclegan.worlds: the embedded worlds as a contact sheet or as an ordinary data set folder."""

from __future__ import annotations

import argparse
import sys

from minicyclegan.cli import Parser
from minicyclegan.worlds import WORLDS, World, clear_cache, default_cache_dir, get_world
from minicyclegan.worlds.export import write_folder, write_page, write_sheet


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit status: 0, or 1 with one line of explanation. Usage errors exit with 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.clear_cache:
        print(f"{clear_cache()} files deleted from {default_cache_dir()}")
        return 0
    if options.list or options.world is None:
        if options.world is None and (options.out or options.folder):
            parser.error("which world? --list names them")
        if options.page:
            return _write(None, options)
        _print_list()
        return 0
    try:
        world = get_world(options.world)
    except ValueError as error:
        parser.error(str(error))
    if bool(options.out) == bool(options.folder):
        parser.error("say where to draw to: either --out SHEET.png or --folder DIR")
    if options.folder and options.count is None:
        parser.error("--folder needs --count N, the number of training pictures")
    if options.test_count is not None and not options.folder:
        parser.error("--test-count goes with --folder")
    return _write(world, options)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m minicyclegan.worlds", description=__doc__)
    parser.add_argument("world", nargs="?", metavar="WORLD", help="one of: " + ", ".join(WORLDS))
    parser.add_argument("--out", metavar="SHEET", help="write a contact sheet to this picture file")
    parser.add_argument("--folder", metavar="DIR", help="write a data set folder, with the truth beside it")
    parser.add_argument("--page", metavar="FILE.md", help="write a page with a sheet of every world")
    parser.add_argument("--count", type=_positive, metavar="N", help="rows of the sheet (4), or training pictures")
    parser.add_argument("--test-count", type=_positive, metavar="N", help="test pictures (a tenth of --count)")
    parser.add_argument(
        "--size",
        type=_positive,
        default=128,
        metavar="PX",
        help="size of the pictures (128); a folder's training pictures are larger, as train --size PX wants them",
    )
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="another seed, other pictures (0)")
    parser.add_argument("--list", action="store_true", help="list the worlds")
    parser.add_argument("--clear-cache", action="store_true", help=f"empty {default_cache_dir()}")
    return parser


def _write(world: World | None, options: argparse.Namespace) -> int:
    try:
        if world is None:
            write_page(list(WORLDS.values()), options.page, options.count or 3, options.size, options.seed)
        elif options.out:
            write_sheet(world, options.out, options.count or 4, options.size, options.seed)
        else:
            write_folder(world, options.folder, options.count, options.size, options.seed, options.test_count)
    except (OSError, ValueError) as error:
        print(f"python -m minicyclegan.worlds: {error}", file=sys.stderr)
        return 1
    return 0


def _print_list() -> None:
    width = max(map(len, WORLDS))
    for world in WORLDS.values():
        kind = "test only" if world.test_only else world.kind
        print(f"{world.name:{width}}  {kind:9}  {world.description}")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a whole number above 0")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} isn't a whole number from 0 up")
    return int(text)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

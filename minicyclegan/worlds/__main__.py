"""python -m minicyclegan.worlds: the embedded worlds as a contact sheet or as an ordinary data set folder."""

from __future__ import annotations

from minicyclegan.cli import Parser, at_least, run
from minicyclegan.worlds import WORLDS, clear_cache, default_cache_dir, get_world
from minicyclegan.worlds.export import write_folder, write_page, write_sheet


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.worlds", description=__doc__.split(": ", 1)[1])
    parser.add_argument("world", nargs="?", metavar="WORLD", help="one of: " + ", ".join(WORLDS))
    parser.add_argument("--out", metavar="SHEET", help="write a contact sheet to this picture file")
    parser.add_argument("--folder", metavar="DIR", help="write a data set folder, with the truth beside it")
    parser.add_argument("--page", metavar="FILE.md", help="write a page with a sheet of every world")
    parser.add_argument("--count", type=at_least(1), metavar="N", help="scenes on the sheet (4), or training pictures")
    parser.add_argument("--test-count", type=at_least(1), metavar="N", help="test pictures (a tenth of --count)")
    parser.add_argument(
        "--size",
        type=at_least(1),
        default=128,
        metavar="PX",
        help="size of the pictures (128); a folder's training pictures are larger, as train --size PX wants them",
    )
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="another seed, other pictures (0)")
    parser.add_argument("--list", action="store_true", help="list the worlds")
    parser.add_argument("--clear-cache", action="store_true", help=f"empty {default_cache_dir()}")
    given = parser.parse_args(arguments)
    if given.world is None and (given.out or given.folder):
        parser.error("which world? --list names them")
    if given.clear_cache:
        print(f"{clear_cache()} files deleted from {default_cache_dir()}")
    elif given.page and given.world is None:
        write_page(WORLDS.values(), given.page, given.count or 3, given.size, given.seed)
    elif given.list or given.world is None:
        for world in WORLDS.values():
            kind = "test only" if world.test_only else world.kind
            print(f"{world.name:{max(map(len, WORLDS))}}  {kind:9}  {world.description}")
    else:
        try:
            world = get_world(given.world)
        except ValueError as error:
            parser.error(str(error))
        if bool(given.out) == bool(given.folder):
            parser.error("say where to draw to: either --out SHEET.png or --folder DIR")
        if given.folder and given.count is None:
            parser.error("--folder needs --count N, the number of training pictures")
        if given.test_count is not None and not given.folder:
            parser.error("--test-count goes with --folder")
        if given.out:
            write_sheet(world, given.out, given.count or 4, given.size, given.seed)
        else:
            write_folder(world, given.folder, given.count, given.size, given.seed, given.test_count)
    return 0


if __name__ == "__main__":
    run(main, (OSError, ValueError, MemoryError))

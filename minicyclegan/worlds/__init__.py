"""The embedded data: worlds that draw their own pictures from a seed, each with its hidden truth."""

from difflib import get_close_matches

from minicyclegan.worlds.base import Domain, Sample, Split, World, draw_sample, draw_scene, other
from minicyclegan.worlds.circles2squares import CIRCLES2SQUARES
from minicyclegan.worlds.edges2photo import EDGES2PHOTO
from minicyclegan.worlds.facades import FACADES
from minicyclegan.worlds.horse2zebra import HORSE2ZEBRA
from minicyclegan.worlds.render import clear_cache, default_cache_dir, render_pictures
from minicyclegan.worlds.riders import RIDERS
from minicyclegan.worlds.summer2winter import SUMMER2WINTER

__all__ = [
    "WORLDS", "Domain", "Sample", "Split", "World", "clear_cache", "default_cache_dir", "draw_sample", "draw_scene",
    "get_world", "other", "render_pictures",
]  # fmt: skip

WORLDS: dict[str, World] = {
    world.name: world for world in (FACADES, HORSE2ZEBRA, SUMMER2WINTER, CIRCLES2SQUARES, RIDERS, EDGES2PHOTO)
}


def get_world(name: str) -> World:
    """The world of that name. Raises ValueError with the names there are."""
    if name in WORLDS:
        return WORLDS[name]
    close = get_close_matches(name, WORLDS, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise ValueError(f"no world called {name!r}{hint}; there are: {', '.join(WORLDS)}")

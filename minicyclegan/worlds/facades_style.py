"""How a building front looks, whatever its layout: wall colour and material, light, dirt, frames, roof, sky."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np

from minicyclegan.worlds.base import new_seed, pick
from minicyclegan.worlds.paint import Colour

Material = Literal["brick", "plaster", "stone"]
MATERIALS: tuple[Material, ...] = get_args(Material)

# The modes of the style: each is chosen with this probability, independently of the others and of the layout.
WARM_WALL_PROBABILITY = 0.5
DARK_FRAME_PROBABILITY = 0.4
MATERIAL_PROBABILITIES = (0.4, 0.35, 0.25)


def within(low: float, high: float) -> Any:
    """A field of the style with its range."""
    return field(metadata={"range": (low, high)})


@dataclass(frozen=True)
class Style:
    """One look; `seed` decides grain, clouds and what shows in panes."""

    wall_colour: Colour
    material: Material
    light_side: float = within(-1.0, 1.0)  # the sun stands to the left (-1) or the right (1); never quite in the middle
    light_height: float = within(0.4, 1.0)  # how far downwards shadows reach, as a share of what casts them
    light_strength: float = within(0.85, 1.08)
    light_warmth: float = within(-1.0, 1.0)  # bluish to yellowish
    dirt: float = within(0.0, 1.0)
    frame_brightness: float = within(0.1, 0.95)  # below 0.3: dark frames; above 0.8: bright ones
    trim_brightness: float = within(0.7, 0.97)  # cornices, lintels, sills
    door_hue: float = within(0.0, 1.0)
    roof_tone: float = within(0.0, 1.0)  # slate to terracotta
    sky_tone: float = within(0.0, 1.0)  # blue day to dusk
    curtains: float = within(0.0, 1.0)  # the share of windows that have any
    texture_scale: float = within(0.8, 1.25)
    texture_phase_x: float = within(0.0, 1.0)
    texture_phase_y: float = within(0.0, 1.0)
    seed: int

    @property
    def warm(self) -> bool:
        """Whether the wall is one of the warm ones: more red than blue."""
        return self.wall_colour[0] > self.wall_colour[2]

    @property
    def dark_frames(self) -> bool:
        return self.frame_brightness < 0.5

    def numbers(self) -> dict[str, float]:
        """All of it but the seed, named and in the order of `RANGES`."""
        materials = {name: self.material == name for name in MATERIALS}
        known = {**vars(self), **dict(zip(COLOUR_FIELDS, self.wall_colour, strict=True)), **materials}
        return {name: float(known[name]) for name in RANGES}


COLOUR_FIELDS = ("wall_red", "wall_green", "wall_blue")
# Every number of the style with its range; of the three materials one is 1, the others 0.
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys((*COLOUR_FIELDS, *MATERIALS), (0.0, 1.0)),
    **{field.name: field.metadata["range"] for field in fields(Style) if field.metadata},
}


def sample_style(generator: np.random.Generator) -> Style:
    """Draws a style. It knows no layout, so a label map can't tell anything about it."""

    def draw(*fields: str) -> dict[str, float]:
        return {field: generator.uniform(*RANGES[field]) for field in fields}

    bright = generator.random() >= DARK_FRAME_PROBABILITY
    return Style(
        wall_colour=_sample_wall_colour(generator),
        material=pick(generator, MATERIALS, MATERIAL_PROBABILITIES),
        light_side=pick(generator, (-1.0, 1.0)) * generator.uniform(0.35, 1.0),
        **draw("light_height", "light_strength", "light_warmth"),
        dirt=generator.beta(1.2, 2.0),
        frame_brightness=generator.uniform(0.82, 0.95) if bright else generator.uniform(0.1, 0.28),
        **draw("trim_brightness", "door_hue", "roof_tone", "sky_tone", "curtains"),
        **draw("texture_scale", "texture_phase_x", "texture_phase_y"),
        seed=new_seed(generator),
    )


def _sample_wall_colour(generator: np.random.Generator) -> Colour:
    """Two clusters with a wide gap between them: terracotta to ochre, and sage to slate blue."""
    warm = generator.random() < WARM_WALL_PROBABILITY
    ranges = ((0.015, 0.12), (0.38, 0.62), (0.66, 0.86)) if warm else ((0.45, 0.63), (0.26, 0.46), (0.58, 0.8))
    return colorsys.hsv_to_rgb(*(generator.uniform(*ends) for ends in ranges))  # hue, saturation, value


def light_colour(style: Style) -> np.ndarray:
    """What the sun multiplies every colour by; (3,)."""
    return style.light_strength * (1.0 + style.light_warmth * np.array([0.045, 0.005, -0.05]))


def roof_colour(style: Style) -> np.ndarray:
    return _ramp([(0.33, 0.37, 0.44), (0.42, 0.34, 0.32), (0.66, 0.34, 0.24)], style.roof_tone)


def sky_colours(style: Style) -> tuple[np.ndarray, np.ndarray]:
    """The sky's colour overhead and at the horizon, each (3,); panes mirror them."""
    zenith = _ramp([(0.25, 0.52, 0.86), (0.42, 0.64, 0.88), (0.5, 0.56, 0.74)], style.sky_tone)
    horizon = _ramp([(0.72, 0.86, 0.97), (0.86, 0.92, 0.96), (0.98, 0.82, 0.68)], style.sky_tone)
    return zenith, horizon


def _ramp(colours: Sequence[Colour], place: float) -> np.ndarray:
    """The colour at `place` in [0, 1] on a path through evenly spaced colours: (3,)."""
    keys = np.linspace(0.0, 1.0, len(colours))
    return np.array([np.interp(place, keys, channel) for channel in zip(*colours, strict=True)])

"""What can be measured of a picture of a building front, given its label map.

Nothing here is trained: every number is a mean, a difference or a deviation over pixels whose class the label map
knows. Lengths are in units of 1/64 of the picture, so that 64, 128 and 256 px are measured at the same places; energies
of single pixels (texture, gradient) still depend on the size and are only compared at one and the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from minicyclegan.judging.metrics import LUMINANCE, Images, as_tensor, box_sum, erode, gradient_energy, luminance
from minicyclegan.worlds.facades_labels import CORNICE, DOOR, GROUND, ROOF, SKY, WALL, WINDOW

SMALLEST = 64  # at fewer pixels mortar and window frames are thinner than half a pixel

# Each measurement of a style, with the field of the style that it follows and its correlation with it, measured on
# 400 training fronts at 64 px (a test holds them). What is low is hard to see in a picture, for a model as for us.
STYLE_MEASURES: dict[str, tuple[str, float]] = {
    "frame brightness": ("frame_brightness", 0.97),  # the windows' border less the wall
    "light strength": ("light_strength", 0.87),  # brightness of the street
    "light warmth": ("light_warmth", 1.0),  # red less blue of the street
    "light side": ("light_side", 0.77),  # slope of the wall's brightness from left to right
    "material": ("plaster", -0.88),  # logarithm of the wall's texture energy
    "dirt": ("dirt", -0.38),  # brightness at the wall's foot against the wall above
    "trim brightness": ("trim_brightness", 0.80),  # of cornices and sills, against the street
    "roof tone": ("roof_tone", 0.99),  # red less blue of the roof
    "sky tone": ("sky_tone", 0.83),  # red less blue of the sky
    "door colour": ("door_hue", -0.62),  # green less red and blue of the door; hue is a circle, this is not
}


@dataclass(frozen=True)
class Parts:
    """Boolean masks (S, S) of what a label map shows, without borders where a neighbour's colour mixes in."""

    size: int
    wall: np.ndarray
    foot: np.ndarray  # the wall's lowest part, where splashes are
    above: np.ndarray  # the wall's middle
    frames: np.ndarray  # the outermost pixels of windows
    street: np.ndarray  # the lowest rows of the ground, which nothing shades
    trim: np.ndarray
    roof: np.ndarray
    sky: np.ndarray
    door: np.ndarray

    @property
    def unit(self) -> int:
        """1/64 of the picture, in pixels."""
        return round(self.size / 64)


def find_parts(labels: np.ndarray) -> Parts:
    """The masks of one label map, (S, S) class indices.

    Raises ValueError where the picture is no square of at least 64 px, or shows too little bare wall to measure.
    """
    size = len(labels)
    if labels.shape != (size, size) or size < SMALLEST:
        raise ValueError(f"a label map of {labels.shape}: fronts are measured on squares of at least {SMALLEST} px")
    unit = round(size / 64)
    height = (np.arange(size)[:, None] + 0.5) / size  # (S, 1)

    def inner(label: int) -> np.ndarray:
        return erode(torch.from_numpy(labels == label)[None], unit, beyond=True)[0].numpy()

    wall = inner(WALL)
    if wall.sum() < 32 * unit**2:
        raise ValueError(f"a label map with {wall.sum()} px of bare wall: too few to measure its colour and texture")
    rows = np.nonzero(wall.any(1))[0]
    down = (np.arange(size)[:, None] - rows[0]) / max(rows[-1] - rows[0], 1)  # (S, 1): 0 at the wall's top, 1 below
    window = labels == WINDOW
    return Parts(
        size=size,
        wall=wall,
        foot=wall & (down > 0.85),
        above=wall & (down > 0.2) & (down < 0.8),
        frames=window & ~erode(torch.from_numpy(window)[None], unit)[0].numpy(),
        street=(labels == GROUND) & (height > 1 - 1 / 64),
        trim=labels == CORNICE,
        roof=inner(ROOF),
        sky=inner(SKY),
        door=labels == DOOR,
    )


def measure(images: Images, parts: Parts) -> dict[str, Tensor]:
    """Everything that is measured of n uint8 pictures in colour of one label map, where the pictures are.

    Returns, each float64 (n,) unless another shape is named:

    wall         (n, 3) mean colour of the eroded wall, in [0, 1]. Blind to where on the wall a colour is.
    patchiness   deviation of the wall's local mean colour (windows of 9/64, above any brick), mean of the channels.
                 Light, dirt and stones make true walls patchy too, so only its ratio to theirs says anything. Blind to
                 specks smaller than the window, and to which walls are patchy if the mean is right.
    texture      energy of the wall's brightness less its mean over 3/64: mean square. Blind to what the texture looks
                 like: noise of the right strength counts as bricks.
    gradient     `metrics.gradient_energy` of the whole picture. Noise raises it as well as sharp edges do.
    and every name in STYLE_MEASURES; NaN where the label map has too little of the part.
    """
    images, unit = as_tensor(images), parts.unit
    colour = images.double() / 255  # (n, 3, S, S)
    light = luminance(images)  # (n, S, S)
    brightness = colour.new_tensor(LUMINANCE)

    def on_device(mask: np.ndarray) -> Tensor:
        return torch.from_numpy(mask).to(images.device)

    wall_mask = on_device(parts.wall)  # (S, S)
    wall = colour[:, :, wall_mask].mean(2)  # (n, 3)
    wall_light = wall @ brightness  # (n,)

    local = masked_box_mean(colour, wall_mask, 4 * unit)[..., wall_mask]  # (n, 3, wall pixels)
    fine = (light - masked_box_mean(light, wall_mask, unit))[:, wall_mask]  # (n, wall pixels)
    texture = fine.square().mean(1)

    def mean_of(mask: np.ndarray, values: Tensor = colour) -> Tensor:
        """Over the mask: (n, ..., S, S) -> (n, ...)."""
        found = values[..., on_device(mask)].mean(-1)
        return found if mask.sum() >= 4 * unit**2 else torch.full_like(found, torch.nan)

    street = mean_of(parts.street)  # (n, 3)
    # The same light falls on everything: divided by what it makes of the street, the thing's own colour is left.
    sunlight = street.clamp(min=0.02)
    roof, sky, door = (mean_of(mask) / sunlight for mask in (parts.roof, parts.sky, parts.door))  # (n, 3) each
    across = torch.linspace(-1, 1, parts.size, dtype=torch.float64, device=images.device)
    across = across.expand(parts.size, -1)[wall_mask]  # (wall pixels,)
    across = across - across.mean()
    slope = light[:, wall_mask] @ across / across.square().sum().clamp(min=1e-9)  # (n,)

    def red_less_blue(colour: Tensor) -> Tensor:
        return (colour[:, 0] - colour[:, 2]) / colour.sum(1).clamp(min=0.02)

    return {
        "wall": wall,
        "patchiness": local.std(2, correction=0).mean(1),
        "texture": texture,
        "gradient": gradient_energy(images),
        # Half of a border pixel is the reveal, which has 0.62 of the wall's brightness: less that, the frame is left.
        "frame brightness": mean_of(parts.frames, light) - 0.31 * wall_light,
        "light strength": street @ brightness,
        "light warmth": red_less_blue(street),
        "light side": slope / wall_light.clamp(min=0.02),
        "material": (texture.clamp(min=1e-6) / wall_light.clamp(min=0.02) ** 2).log(),
        "dirt": mean_of(parts.foot, light) / mean_of(parts.above, light).clamp(min=0.02),
        "trim brightness": mean_of(parts.trim, light) / (sunlight @ brightness),
        "roof tone": red_less_blue(roof),
        "sky tone": red_less_blue(sky),
        "door colour": (door[:, 1] - (door[:, 0] + door[:, 2]) / 2) / door.sum(1).clamp(min=0.02),
    }


def masked_box_mean(values: Tensor, mask: Tensor, radius: int) -> Tensor:
    """The mean over windows of 2 radius + 1 pixels, of what of them lies in `mask`: (..., H, W), (H, W) -> (..., H, W).

    0 where a window holds nothing of the mask.
    """
    return box_sum(values * mask, radius) / box_sum(mask.double(), radius).clamp(min=0.5)

"""Showing figures, pictures and animations in the notebooks, each with a text for those who can't see them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.figure import Figure
from PIL import Image

STYLE = Path(__file__).with_name("lessons.mplstyle")
plt.style.use(STYLE)
plt.ioff()  # figures appear where `show` says so, once


def show(figure: Figure, alt: str) -> None:
    """Displays a figure, and closes it. `alt` says what is to be seen."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    _display(buffer.getvalue(), alt)


def show_pictures(rows: Mapping[str, Sequence[np.ndarray]], alt: str, side: float = 1.1) -> None:
    """Rows of pictures, each row with its name; `side` is a picture's height in inches.

    A picture is (H, W), (H, W, 1) or (H, W, 3); uint8, or float in [-1, 1] as the networks have it. Pixels stay square.
    """
    columns = max(len(pictures) for pictures in rows.values())
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(side * columns + 1.6, side * len(rows)), squeeze=False, layout="constrained"
    )
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for cell in line:
            cell.set_axis_off()
        for cell, picture in zip(line, pictures, strict=False):
            cell.imshow(_eight_bits(picture), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        line[0].text(-0.08, 0.5, name, transform=line[0].transAxes, ha="right", va="center")
    show(figure, alt)


def frame(figure: Figure) -> np.ndarray:
    """(H, W, 3) uint8, for an animation; closes the figure."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return pixels


def show_animation(frames: Sequence[np.ndarray], alt: str, seconds: float = 4.0, width: int = 480) -> None:
    """A GIF of (H, W, 3) uint8 frames, repeated for ever; the last frame stays for a second."""
    pictures = [Image.fromarray(f).quantize(64) for f in frames]
    each = round(1000 * seconds / len(pictures))
    durations = [each] * (len(pictures) - 1) + [1000]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    content = base64.b64encode(buffer.getvalue()).decode()
    display(HTML(f'<img src="data:image/gif;base64,{content}" width="{width}" alt="{alt}">'))


def _display(png: bytes, alt: str) -> None:
    # The text stands in for the picture wherever pictures can't be shown, and is what is compared when a lesson is run.
    content = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    display(content, raw=True, metadata={"image/png": {"alt": alt}})


def _eight_bits(picture: np.ndarray) -> np.ndarray:
    if picture.dtype != np.uint8:
        picture = np.rint((np.clip(picture, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return picture

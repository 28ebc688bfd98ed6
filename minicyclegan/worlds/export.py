"""A world on disk: as a contact sheet to look at, and as an ordinary data set folder with its truth beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm

from minicyclegan.data.jitter import load_size
from minicyclegan.worlds.base import Domain, Sample, Split, World, draw_sample, draw_scene

GAP = 4  # pixels between the pictures of a sheet
PAPER = (250, 249, 246)
INK = (70, 70, 70)

# Colours of label maps: any number of classes gets hues as far apart as the golden ratio puts them.
PALETTE = np.array(
    [[round(255 * (0.62 + 0.33 * np.cos(2 * np.pi * (k * 0.618 + shift)))) for shift in (0, 1 / 3, 2 / 3)]
     for k in range(256)], np.uint8,
)  # fmt: skip


def write_sheet(world: World, path: str | Path, count: int = 4, size: int = 128, seed: int = 0) -> None:
    """Writes a contact sheet: `count` rows of a picture of A and its true counterpart, one of B and its, and masks.

    The picture's type follows the suffix of `path`. Raises ValueError if that suffix is no picture type, OSError if
    the file can't be written.
    """
    path = Path(path)
    if path.suffix.lower() not in Image.registered_extensions():
        raise ValueError(
            f"{path}: no picture type is written as {path.suffix or 'a file without a suffix'!r}; try .png"
        )
    rows = []
    for index in tqdm(range(count), desc=f"drawing {world.name}", unit="rows", disable=None):
        cells = []
        for domain in _shown_domains(world):
            cells += _cells(draw_sample(world, "test", domain, index, size, seed), domain)
        rows.append(cells)
    _lay_out(rows, size).save(path, quality=92)


def write_page(worlds: Sequence[World], path: str | Path, count: int = 3, size: int = 128, seed: int = 0) -> None:
    """Writes a Markdown page on all worlds and, in a folder of its name beside it, the sheet of each as a JPEG.

    Raises OSError if it can't be written.
    """
    path = Path(path)
    sheets = path.with_suffix("")
    sheets.mkdir(parents=True, exist_ok=True)
    lines = [
        "# The worlds",
        "",
        f"Written by `python -m minicyclegan.worlds --page {path.as_posix()}`.",
        "Each row is a scene: the picture, its true counterpart, and the masks or labels that training never sees.",
    ]
    for world in worlds:
        write_sheet(world, sheets / f"{world.name}.jpg", count, size, seed)
        kind = "paired" if world.kind == "paired" else "unpaired"
        lines += [
            "",
            f"## {world.name}",
            "",
            f"{world.description[0].upper()}{world.description[1:].rstrip('.')}. "
            f"A: {world.domains[0]}; B: {world.domains[1]}; {kind}{', only for testing' if world.test_only else ''}.",
            "",
            f"![Scenes of {world.name} with their counterparts and hidden truth]({sheets.name}/{world.name}.jpg)",
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_folder(
    world: World, folder: str | Path, count: int, size: int = 128, seed: int = 0, test_count: int | None = None
) -> None:
    """Writes `count` training pictures (of each domain) and `test_count` ones for testing (default: a tenth).

    Test pictures are `size` pixels wide, training pictures `load_size(size)`, since training cuts its size x size crops
    out of slightly larger pictures: so training at `size` on the folder sees the same batches as on the world itself.

    Unpaired worlds become trainA/ trainB/ testA/ testB/, paired ones train/ test/ with A and B side by side in one
    picture. truth/ holds what is known of each test picture: its counterpart in the other domain, its masks and label
    maps, and its style parameters as JSON. A test-only world has `count` test pictures and no training ones.
    Raises FileExistsError if the folder holds anything already.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} already exists and isn't an empty folder; choose another one")
    if test_count is None:
        test_count = count if world.test_only else max(1, count // 10)
    splits: list[tuple[Split, int]] = (
        [("test", test_count)] if world.test_only else [("train", count), ("test", test_count)]
    )
    domains = _shown_domains(world)
    total = sum(split_count for _, split_count in splits) * len(domains)
    with tqdm(total=total, desc=f"drawing {world.name}", unit="pictures", disable=None) as bar:
        for split, split_count in splits:
            for domain in domains:
                _write_split(world, folder, split, domain, split_count, size, seed, bar)


def _shown_domains(world: World) -> tuple[Domain, ...]:
    return ("A",) if world.kind == "paired" else ("A", "B")  # a pair is one sample


def _write_split(
    world: World, folder: Path, split: Split, domain: Domain, count: int, size: int, seed: int, bar: tqdm
) -> None:
    paired = world.kind == "paired"
    pictures = folder / (split if paired else split + domain)
    truths = folder / "truth" / pictures.name
    pictures.mkdir(parents=True, exist_ok=True)
    if split == "train":
        size = load_size(size)
    digits = max(5, len(str(count - 1)))  # sorted by name, the pictures keep their order
    styles = {}
    for index in range(count):
        name = f"{index:0{digits}d}"
        if split == "train" and not paired:
            picture = world.render(draw_scene(world, split, domain, index, seed), domain, size)
            Image.fromarray(picture).save(pictures / f"{name}.png")
        else:
            sample = draw_sample(world, split, domain, index, size, seed)
            picture = np.concatenate([sample.picture, sample.counterpart], axis=1) if paired else sample.picture
            Image.fromarray(picture).save(pictures / f"{name}.png")
            if split == "test":
                _write_truth(sample, truths, name, with_counterpart=not paired)
                styles[name] = _style(sample.truth)
        bar.update()
    if split == "test":
        truths.mkdir(parents=True, exist_ok=True)
        (truths / "style.json").write_text(json.dumps(styles, indent=1), encoding="utf-8")


def _write_truth(sample: Sample, folder: Path, name: str, with_counterpart: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if with_counterpart:
        Image.fromarray(sample.counterpart).save(folder / f"{name}_counterpart.png")
    for key, picture in _maps(sample.truth).items():
        Image.fromarray(picture).save(folder / f"{name}_{key}.png")


def _maps(truth: dict[str, Any]) -> dict[str, np.ndarray]:
    return {key: value for key, value in truth.items() if isinstance(value, np.ndarray) and value.dtype == np.uint8}


def _style(truth: dict[str, Any]) -> dict[str, Any]:
    maps = _maps(truth)
    return {key: np.asarray(value).tolist() for key, value in truth.items() if key not in maps}


def _cells(sample: Sample, domain: Domain) -> list[tuple[str, np.ndarray]]:
    cells = [(domain, sample.picture), (f"{domain}, translated", sample.counterpart)]
    for key, picture in _maps(sample.truth).items():
        is_label_map = key.startswith("label")
        shown = picture if picture.max() > 1 else 255 * picture  # a mask may hold 0 and 1
        cells.append((key, PALETTE[picture] if is_label_map else np.repeat(shown[..., None], 3, axis=2)))
    return cells


def _lay_out(rows: list[list[tuple[str, np.ndarray]]], size: int) -> Image.Image:
    font = ImageFont.load_default(size=max(9, size // 10))
    header = round(font.size * 1.6)
    columns = len(rows[0])
    sheet = Image.new("RGB", (columns * (size + GAP) + GAP, header + len(rows) * (size + GAP)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, (caption, _) in enumerate(rows[0]):
        draw.text((GAP + column * (size + GAP), font.size * 0.25), caption, font=font, fill=INK)
    for row, cells in enumerate(rows):
        for column, (_, picture) in enumerate(cells):
            sheet.paste(Image.fromarray(picture), (GAP + column * (size + GAP), header + row * (size + GAP)))
    return sheet

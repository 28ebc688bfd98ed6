"""A world on disk: as a contact sheet to look at, and as an ordinary data set folder with its truth beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from minicyclegan.data.jitter import load_size
from minicyclegan.data.sheets import grid
from minicyclegan.worlds.base import Domain, Split, World, draw_sample, draw_scene, other

# Colours of label maps: any number of classes gets hues as far apart as the golden ratio puts them.
PALETTE = np.array(
    [[round(255 * (0.62 + 0.33 * np.cos(2 * np.pi * (k * 0.618 + shift)))) for shift in (0, 1 / 3, 2 / 3)]
     for k in range(256)], np.uint8,
)  # fmt: skip


def write_sheet(world: World, path: str | Path, count: int = 4, size: int = 128, seed: int = 0) -> None:
    """Writes a contact sheet: `count` test scenes of each domain, each with its true counterpart and its masks.

    The picture's type follows the suffix of `path`. Raises ValueError if no type is written by that suffix, OSError
    if the file can't be written.
    """
    path = Path(path)
    if Image.registered_extensions().get(path.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"{path}: no picture type is written by the ending {path.suffix!r}; try .png")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; make it first")
    blocks = {}
    for domain in _shown_domains(world):
        indices = tqdm(range(count), desc=f"drawing {world.name} {domain}", unit="scenes", disable=None)
        samples = [draw_sample(world, "test", domain, index, size, seed) for index in indices]
        rows = {domain: [s.picture for s in samples], f"its {other(domain)}": [s.counterpart for s in samples]}
        for name in _maps(samples[0].truth):
            rows[name] = [_shown(name, sample.truth[name]) for sample in samples]
        title = " and ".join(world.domains) if world.kind == "paired" else world.domains["AB".index(domain)]
        blocks[title] = {name: np.stack(pictures) for name, pictures in rows.items()}
    grid(blocks).save(path, quality=92)


def write_page(worlds: Iterable[World], path: str | Path, count: int = 3, size: int = 128, seed: int = 0) -> None:
    """Writes a Markdown page on all worlds and, in a folder of its name beside it, the sheet of each as a JPEG.

    Raises ValueError if `path` has no suffix, OSError if it can't be written.
    """
    path = Path(path)
    if not path.suffix:
        raise ValueError(f"{path}: give a file name like {path}.md; the sheets go into a folder called {path.name}")
    sheets = path.with_suffix("")
    sheets.mkdir(parents=True, exist_ok=True)
    parts = [
        "# The worlds\n\n"
        f"Written by `python -m minicyclegan.worlds --page {path.as_posix()}`.\n"
        "Each column is a scene: the picture, its true counterpart, and the masks or labels that training never sees."
    ]
    for world in worlds:
        write_sheet(world, sheets / f"{world.name}.jpg", count, size, seed)
        parts.append(
            f"## {world.name}\n\n{world.description[0].upper()}{world.description[1:].rstrip('.')}. A: "
            f"{world.domains[0]}; B: {world.domains[1]}; {world.kind}{', only for testing' if world.test_only else ''}."
            f"\n\n![Scenes of {world.name} with their counterparts and hidden truth]({sheets.name}/{world.name}.jpg)"
        )
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


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
    counts: dict[Split, int] = {"test": test_count} if world.test_only else {"train": count, "test": test_count}
    domains = _shown_domains(world)
    total = sum(counts.values()) * len(domains)
    with tqdm(total=total, desc=f"drawing {world.name}", unit="pictures", disable=None) as bar:
        for split in counts:
            for domain in domains:
                _write_split(world, folder, split, domain, counts[split], size, seed, bar)


def _write_split(
    world: World, folder: Path, split: Split, domain: Domain, count: int, size: int, seed: int, bar: tqdm
) -> None:
    paired, tests = world.kind == "paired", split == "test"
    pictures = folder / (split if paired else split + domain)
    truths = folder / "truth" / pictures.name
    for made in (pictures, truths) if tests else (pictures,):
        made.mkdir(parents=True)
    side = size if tests else load_size(size)
    digits = max(5, len(str(count - 1)))  # sorted by name, the pictures keep their order
    styles = {}
    for index in range(count):
        scene, name = draw_scene(world, split, domain, index, seed), f"{index:0{digits}d}"
        picture = world.render(scene, domain, side)
        counterpart = world.render(scene, other(domain), side) if paired or tests else None
        shown = np.concatenate([picture, counterpart], axis=1) if paired else picture
        Image.fromarray(shown).save(pictures / f"{name}.png")
        if tests:
            truth = world.truth(scene, size)
            maps = _maps(truth)
            styles[name] = {key: np.asarray(value).tolist() for key, value in truth.items() if key not in maps}
            for key, known in (maps if paired else {"counterpart": counterpart, **maps}).items():
                Image.fromarray(known).save(truths / f"{name}_{key}.png")
        bar.update()
    if tests:
        (truths / "style.json").write_text(json.dumps(styles, indent=1), encoding="utf-8")


def _shown_domains(world: World) -> tuple[Domain, ...]:
    return ("A",) if world.kind == "paired" else ("A", "B")  # a pair is one sample


def _maps(truth: dict[str, Any]) -> dict[str, np.ndarray]:
    return {key: value for key, value in truth.items() if isinstance(value, np.ndarray) and value.dtype == np.uint8}


def _shown(name: str, known: np.ndarray) -> np.ndarray:
    """A map as a picture: (H, W, 3) in colours for labels, else (H, W, 1)."""
    if name.startswith("label"):
        return PALETTE[known]
    return (known if known.max() > 1 else 255 * known)[..., None]  # a mask may hold 0 and 1

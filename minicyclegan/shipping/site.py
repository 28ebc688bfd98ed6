"""Models as a static web page: the page's own files, the models as ONNX, and the runtime that computes them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from minicyclegan.data.sources import world_called
from minicyclegan.files import write_errors
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import World, draw_scene
from minicyclegan.worlds.facades_labels import COLOURS

WEB = Path(str(files("minicyclegan.shipping") / "web"))
WEBGPU = ("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm")
EXAMPLE_SIZE = 256  # px, of an example that is not a label map
Entry = dict[str, Any]  # one direction of a model, as models.json has it


class SiteError(Exception):
    """A site that can't be written; the message says why."""


def write_site(models: Mapping[str, Translator], folder: Path, ort: Path | None = None) -> None:
    """The page with these models, by their names, in every direction that they know: files for any static host.

    ort    the `dist` folder of npm's onnxruntime-web: with it, the page computes on graphics cards, too
    Raises SiteError, and WriteError where a file can't be written.
    """
    from minicyclegan.shipping.onnx import export_onnx  # onnx is an extra

    with write_errors(folder):
        (folder / "models").mkdir(parents=True, exist_ok=True)
    entries = []
    for name, translator in models.items():
        for direction in translator.generators:
            entry, example = describe(name, translator, direction)
            export_onnx(translator, direction, folder / entry["file"], pixels="uint8", precision="float16")
            if example:
                example.save(folder / entry["example"])
            entries.append(entry)
    write_page(entries, folder, ort)


def describe(name: str, translator: Translator, direction: Direction) -> tuple[Entry, Image.Image | None]:
    """What models.json says of one direction of a model, and a picture to begin with, where a world can draw one."""
    settings, channels = translator.settings, translator.generators[direction][1]
    size, world = settings.get("size", 256), world_called(settings.get("data", ()))
    swapped = (direction == "BtoA") != (settings.get("direction") == "BtoA")
    names = world.domains if world else _folders(settings.get("data", ()))
    origin, target = reversed(names) if swapped else names
    palette = None
    if world and world.name == "facades" and not swapped:
        palette = [{"name": part, "colour": "#{:02x}{:02x}{:02x}".format(*rgb)} for part, rgb in COLOURS.items()]
    example = _example(world, "B" if swapped else "A", size if palette else EXAMPLE_SIZE) if world else None
    entry = {
        "name": name,
        "file": f"models/{name}-{direction}.onnx",
        "direction": direction,
        "from": origin,
        "to": target,
        "size": size,
        "channels_in": channels,
        "channels_out": translator.translate(torch.zeros(1, channels, 8, 8), direction).shape[1],
        "latent": translator.latent,
        "palette": palette,
        "example": f"models/{name}-{direction}.png" if example else None,
        "about": _about(translator, world, direction),
        "limits": _limits(settings.get("model"), world, size),
    }
    return entry, example


def _folders(data: Sequence[str]) -> Sequence[str]:
    return [Path(name).name for name in data] if len(data) == 2 else ("domain A", "domain B")


def _example(world: World, domain: str, size: int) -> Image.Image:
    return Image.fromarray(world.render(draw_scene(world, "test", domain, 0), domain, size))


def _about(translator: Translator, world: World | None, direction: Direction) -> str:
    kinds = {"cyclegan": "A CycleGAN", "pix2pix": "A pix2pix model", "bicyclegan": "A BicycleGAN"}
    kind = kinds.get(translator.settings.get("model"), "A generator of the original code")
    weights = sum(weight.numel() for weight in translator.generators[direction][0].parameters())
    learned = f"a program drew: {world.description.rstrip('.')}" if world else "of its maker's own"
    many = " It has many answers to one picture: the dials and “Another style” choose." if translator.latent else ""
    return f"{kind} with {weights / 1e6:.1f} million weights. It learned from pictures {learned}.{many}"


def _limits(model: str | None, world: World | None, size: int) -> str:
    known = (
        "drawn pictures only: what it does to a photo is a guess" if world else "pictures like those it learned from"
    )
    changes = "It changes colours and textures, hardly any shapes, and sometimes what it should leave alone."
    if model in ("pix2pix", "bicyclegan"):
        changes = "What the input does not say, it makes up."
    return (
        f"It knows {known}. {changes} It learned at {size} px: much larger or smaller things confuse it. "
        "What it paints never happened. Don't deceive anyone with it, ask the people in your pictures, "
        "and never use it on medical ones."
    )


def write_page(entries: list[Entry], folder: Path, ort: Path | None = None) -> None:
    """All but the models: the page, the runtime, unpacked and checked, models.json. Raises as `write_site` does."""
    runtime = json.loads((WEB / "ort" / "ort.json").read_text(encoding="utf-8"))
    contents = {path.name: path.read_bytes() for path in WEB.iterdir() if path.is_file()}
    for name, checksum in runtime["files"].items():
        contents[f"ort/{name}"] = gzip.decompress((WEB / "ort" / f"{name}.gz").read_bytes())
        if hashlib.sha256(contents[f"ort/{name}"]).hexdigest() != checksum:
            raise SiteError(f"{WEB / 'ort' / name}.gz: damaged; install minicyclegan again")
    for name in WEBGPU if ort else ():
        if not (ort / name).is_file():
            raise SiteError(f"--ort {ort}: no {name} in it; give the dist folder of npm's onnxruntime-web")
        contents[f"ort/{name}"] = (ort / name).read_bytes()
        runtime["files"][name] = hashlib.sha256(contents[f"ort/{name}"]).hexdigest()
    runtime["webgpu"] = ort is not None
    contents["ort/LICENSE"] = (WEB / "ort" / "LICENSE").read_bytes()
    contents["ort/ort.json"] = json.dumps(runtime, indent=1).encode()
    contents["models.json"] = json.dumps(entries, indent=1, ensure_ascii=False).encode()
    with write_errors(folder):
        (folder / "ort").mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        with write_errors(folder / name):
            (folder / name).write_bytes(content)

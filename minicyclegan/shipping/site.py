"""Models as a static web page: the page's own files, the models as ONNX, and the runtime that computes them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tqdm import tqdm

from minicyclegan.data.colours import normalise
from minicyclegan.data.images import to_array, to_tensor
from minicyclegan.data.sources import world_called
from minicyclegan.files import whole_file, write_errors, write_file
from minicyclegan.networks import Direction
from minicyclegan.shipping.card import about, card, limits
from minicyclegan.shipping.onnx import ExportError, domains, export_onnx
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import draw_scene
from minicyclegan.worlds.facades_labels import COLOURS

WEB = Path(__file__).parent / "web"
WEBGPU = ("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm")
EXAMPLE_SIZE = 256  # px, of an example that is not a label map
Entry = dict[str, Any]  # one direction of a model, as models.json has it


def model_name(run: str) -> str:
    """What the page calls the model of a run or checkpoint: a run's folder has the name."""
    path = Path(run).absolute()
    path = path.parent if path.name in ("checkpoint.pt", "best.pt") else path
    return path.name.removesuffix(".pt").removesuffix(".pth")


def write_site(models: Mapping[str, Translator], folder: Path, ort: Path | None = None) -> None:
    """The page with these models, by their names, in every direction that they know: files for any static host.

    ort    the `dist` folder of npm's onnxruntime-web: with it, the page computes on graphics cards, too
    Raises ExportError as `export_onnx` does and for files of the runtime that are missing or damaged, and WriteError.
    """
    contents = page_files(ort)
    entries: list[Entry] = []
    graphs: dict[str, bytes] = {}
    with write_errors(folder):
        for room in ("models", "ort"):
            (folder / room).mkdir(parents=True, exist_ok=True)
    ways = [(name, translator, direction) for name, translator in models.items() for direction in translator.generators]
    for name, translator, direction in tqdm(ways, desc="writing the page", unit="network"):
        entry, example = describe(name, translator, direction)
        contents[entry["card"]] = card(translator).encode()
        export_onnx(translator, direction, folder / entry["file"], "uint8", "float16", graphs)
        if example:
            with whole_file(folder / entry["example"]) as file:
                example.save(file, "PNG")
        entries.append(entry)
    write_page(entries, folder, contents)


def describe(name: str, translator: Translator, direction: Direction) -> tuple[Entry, Image.Image | None]:
    """What models.json says of one direction of a model, and a picture to begin with, where a world can draw one."""
    stem = "models/" + re.sub(r"[^\w.]+", "-", name)  # what needs no care in an address
    settings, channels = translator.settings, translator.generators[direction][1]
    size, world = settings.get("size", 256), world_called(settings.get("data", ()))
    origin, target = domains(translator, direction)
    example = palette = None
    if world:
        domain = "A" if origin == world.domains[0] else "B"
        if (world.name, domain) == ("facades", "A"):
            palette = [{"name": part, "colour": "#{:02x}{:02x}{:02x}".format(*rgb)} for part, rgb in COLOURS.items()]
        scene = draw_scene(world, "test", domain, 0)
        example = Image.fromarray(world.render(scene, domain, size if palette else EXAMPLE_SIZE))
    entry = {
        "name": name, "file": f"{stem}-{direction}.onnx", "direction": direction, "from": origin, "to": target,
        "size": size, "channels_in": channels,
        "channels_out": translator.translate(torch.zeros(1, channels, 8, 8), direction).shape[1],
        "latent": translator.latent, "dials": _dials(translator, example) if translator.latent else None,
        "palette": palette, "example": f"{stem}-{direction}.png" if example else None,
        "card": f"{stem}.txt", "about": about(translator), "limits": "\n".join(limits(translator)),
    }  # fmt: skip
    return entry, example


def _dials(translator: Translator, example: Image.Image | None) -> list[list[float]]:
    """The two directions in the space of codes that change a picture most, at right angles, each of length 1."""
    codes = translator.codes(64)  # (N, latent)
    image = normalise(example or Image.new("RGB", (64, 64)), translator.generators["AtoB"][1])
    x = to_tensor(to_array(image))[None]  # (1, C, H, W)
    pictures = torch.stack([translator.translate(x, z=z).flatten() for z in codes])  # (N, pixels)
    change = torch.linalg.lstsq(codes, pictures - pictures.mean(0)).solution  # (latent, pixels), by a code's number
    ways = torch.linalg.svd(change, full_matrices=False).U.T
    return torch.cat([ways, torch.zeros_like(ways)])[:2].tolist()  # of one number, the second dial turns nothing


def write_page(entries: list[Entry], folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes files, by their names, and then the list of models, into folders that are there. Raises WriteError."""
    listed = {"models.json": json.dumps(entries, indent=1, ensure_ascii=False).encode()}
    for name, content in {**contents, **listed}.items():
        write_file(folder / name, content)


def page_files(ort: Path | None) -> dict[str, bytes]:
    """The files of the page and of the runtime, unpacked and checked, by their names. Raises ExportError."""
    runtime = json.loads((WEB / "ort" / "ort.json").read_text(encoding="utf-8"))
    contents = {path.name: path.read_bytes() for path in WEB.iterdir() if path.is_file()}
    for name, checksum in runtime["files"].items():
        contents[f"ort/{name}"] = gzip.decompress((WEB / "ort" / f"{name}.gz").read_bytes())
        if hashlib.sha256(contents[f"ort/{name}"]).hexdigest() != checksum:
            raise ExportError(f"{WEB / 'ort' / name}.gz: damaged; install minicyclegan again")
    for name in WEBGPU if ort else ():
        if not (ort / name).is_file():
            raise ExportError(f"--ort {ort}: no {name} in it; give the dist folder of npm's onnxruntime-web")
        contents[f"ort/{name}"] = (ort / name).read_bytes()
        runtime["files"][name] = hashlib.sha256(contents[f"ort/{name}"]).hexdigest()
    contents["ort/ort.json"] = json.dumps(runtime | {"webgpu": ort is not None}, indent=1).encode()
    contents["ort/LICENSE"] = (WEB / "ort" / "LICENSE").read_bytes()
    return contents

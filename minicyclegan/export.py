"""python -m minicyclegan.export: a trained generator as ONNX, or as a web page, for use without Python."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import get_args

from minicyclegan.cli import Parser, run
from minicyclegan.files import write_errors, write_file
from minicyclegan.shipping.card import card
from minicyclegan.shipping.onnx import ExportError, Pixels, Precision, domains, export_onnx
from minicyclegan.shipping.translator import load
from minicyclegan.training.checkpoint import CheckpointError


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if misuse := _misuse(given):
        parser.error(misuse)
    translator = load(given.model)
    directions = ["AtoB", "BtoA"] if given.direction == "both" else [given.direction]
    if not {*directions} <= {*translator.generators}:
        parser.error(f"--direction {given.direction}: this model translates {' and '.join(translator.generators)} only")
    graphs: dict[str, bytes] = {}
    for direction in directions if given.out else []:
        path = given.out.with_stem(f"{given.out.stem}_{direction}") if len(directions) > 1 else given.out
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        difference = export_onnx(translator, direction, path, given.pixels, given.precision, graphs)
        what = f"{direction} ({' to '.join(domains(translator, direction))}), {given.precision}"
        print(f"{path}: {path.stat().st_size:,} bytes, {what}")
        print(f"  ONNX Runtime against PyTorch, at ten sizes: {difference}")
    if given.out:
        name = given.out.with_suffix(".card.md")
        write_file(name, card(translator).encode())
        print(f"{name}: the model's card")
    if given.web:
        from minicyclegan.shipping.site import model_name, write_site

        write_site({model_name(given.model): translator}, given.web, given.ort)
        print(f"{given.web}: a web page with this model, for any static host")
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m minicyclegan.export", description=__doc__.split(": ", 1)[1])
    parser.add_argument("model", metavar="RUN|CHECKPOINT", help="a run's folder, a checkpoint, the original's weights")
    parser.add_argument("--out", metavar="FILE.onnx", type=Path, help="writes ONNX, one file a direction")
    parser.add_argument("--direction", choices=("AtoB", "BtoA", "both"), default="AtoB", help="of --out")
    text = "of --out's weights: float16 halves the file, int8 quarters it (default: float32)"
    parser.add_argument("--precision", choices=get_args(Precision), default="float32", help=text)
    text = "of --out: pictures go in and come out as uint8, or as float32 in [0, 1] (default: uint8)"
    parser.add_argument("--pixels", choices=get_args(Pixels), default="uint8", help=text)
    text = "writes a web page that translates, in all directions"
    parser.add_argument("--web", metavar="FOLDER", type=Path, help=text)
    text = "of --web: the dist folder of npm's onnxruntime-web, to compute on graphics cards too"
    parser.add_argument("--ort", metavar="FOLDER", type=Path, help=text)
    return parser


def _misuse(given: Namespace) -> str | None:
    """What is wrong with the options, before anything is loaded."""
    if not (given.out or given.web):
        return "say what to write: --out FILE.onnx or --web FOLDER"
    if given.out and (given.out.suffix != ".onnx" or given.out.is_dir()):
        return f"--out {given.out}: give a file whose name ends in .onnx"
    if given.web and given.web.exists() and not given.web.is_dir():
        return f"--web {given.web} is a file; give a folder"
    return "--ort goes with --web FOLDER" if given.ort and not given.web else None


if __name__ == "__main__":
    run(main, (CheckpointError, ExportError, OSError))

"""Models that come with the package: `load("zebra")`. One command makes them again, from their seeds:

    python -m minicyclegan.shipping.bundled

It trains each with the package's own command, keeps what translating needs, in half precision, measures that file as
`evaluate` does, and records the figures in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minicyclegan.cli import Parser, run
from minicyclegan.files import write_file
from minicyclegan.training.checkpoint import CheckpointError, averaged, load_checkpoint, save_checkpoint
from minicyclegan.training.log import Diverged
from minicyclegan.training.run_folder import RunError, RunFolder

# What each is trained with, beside --small.
TRAINED: dict[str, str] = {
    "zebra": "--seed 0",
    "winter": "--data summer2winter --lambda-cycle 10 --lambda-identity 0.5 --upsampling nearest --steps 3500",
    "front": "--model bicyclegan --depth 4 --width 22 --encoder-width 24 --steps 4200",
}
FOLDER = Path(__file__).parent / "bundled"
BUNDLED: dict[str, Path] = {name: FOLDER / f"{name}.pt" for name in TRAINED}


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.shipping.bundled", description="makes the models that come with it")
    text = "for NAME.pt, and the run NAME that it is of; a run that is there is taken up (default: runs/bundled)"
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=Path("runs/bundled"), help=text)
    text = "writes the cards of the package's own there, no more"
    parser.add_argument("--docs", metavar="FILE", type=Path, help=text)
    given = parser.parse_args(arguments)
    if given.docs:
        write_file(given.docs, page().encode())
        return 0
    for name in TRAINED:
        if status := make(name, given.out / name, given.out / f"{name}.pt"):
            return status
    return 0


def make(name: str, folder: Path, target: Path) -> int:
    """Trains in `folder` and writes `target`. Returns what the commands return: 0, or why there is no new file."""
    from minicyclegan import evaluate, train  # commands stand above all rooms; this is one, too

    checkpoint, light, measured = RunFolder(folder).checkpoint, folder / "light.pt", folder / "evaluation.json"
    begin = ["--small", "--device", "cpu", "--threads", "1", "--precision", "float32", *TRAINED[name].split()]
    if status := train.main([*(["--resume"] if checkpoint.exists() else begin), "--out", str(folder)]):
        return status
    content = lightened(load_checkpoint(checkpoint))
    save_checkpoint(light, content)
    if status := evaluate.main([str(light), "--device", "cpu", "--features", "own", "--json", str(measured)]):
        return status
    evaluation = json.loads(measured.read_text(encoding="utf-8")) | {"model": name}
    save_checkpoint(target, content | {"evaluation": evaluation})
    print(f"{target}: {target.stat().st_size:,} bytes; the package's own is {BUNDLED[name]}")
    return 0


def lightened(content: dict[str, Any]) -> dict[str, Any]:
    """What `load` needs of a checkpoint, in half precision: no discriminators, optimizers or random states.

    Of the average of the weights, where the run kept one.
    """
    kept = {
        name: (value.half() if value.is_floating_point() else value).clone()
        for name, value in averaged(content).items()
        if not name.startswith("D")
    }
    described = {name: content[name] for name in ("model", "config", "settings", "steps", "versions")}
    return described | {"training": {"networks": kept}}


def page() -> str:
    """docs/models.md: which models come with the package, and their cards."""
    from minicyclegan.shipping.card import WORDS, card
    from minicyclegan.shipping.translator import load

    sizes = [f"| `{name}` | `{path.name}` | {path.stat().st_size:,} |" for name, path in BUNDLED.items()]
    cards = []
    for name, path in BUNDLED.items():
        text = card(load(path)).replace("\n## ", "\n### ").partition("\n")[2]
        cards.append(f"## {name}\n\n![Test pictures, and what {name} makes of them](models/{name}.png)\n{text}")
    return "\n".join([WORDS["page"].strip(), *sizes, "", *cards])


if __name__ == "__main__":
    run(main, (CheckpointError, Diverged, RunError, OSError))

"""Models that come with the package: `load("zebra")`. One command makes them again, from their seeds:

    python -m minicyclegan.shipping.bundled

It trains each with the package's own command, keeps what translating needs, in half precision, measures that file as
`evaluate` does, and records the figures in it. `--docs docs` writes their cards and pictures.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from minicyclegan.cli import Parser, run
from minicyclegan.files import whole_file
from minicyclegan.training.checkpoint import CheckpointError, averaged, load_checkpoint, save_checkpoint
from minicyclegan.training.log import Diverged
from minicyclegan.training.run_folder import RunError, RunFolder

# What each is trained with, beside --small.
TRAINED: dict[str, str] = {
    "zebra": "--seed 4",
    "winter": "--data summer2winter --lambda-cycle 10 --lambda-identity 0.5 --upsampling nearest --steps 3500",
    "front": "--model bicyclegan --depth 4 --width 18 --encoder-width 16 --steps 4500",
}
WHY: dict[str, str] = {
    "zebra": "what `--small` trains; seed 4 had the best figures of 0 to 4",
    "winter": "as `--small`, with the published weights of the cycle and identity losses",
    "front": "as `--small`, in a quarter of its size",
}
HEAD = """# Models that come with the package

```
python -m minicyclegan.translate zebra horse.png --out translated
```

`translate`, `evaluate` and `minicyclegan.load` take these names wherever they take a run; a file or folder of that name
comes first. Each holds what translating needs, in half precision, and its figures.

`python -m minicyclegan.shipping.bundled` makes them again, from their seeds, in about half an hour of one core; on
another kind of processor sums are rounded otherwise, and other weights come out. This page:
`python -m minicyclegan.shipping.bundled --docs docs`.

| name | file | bytes | made how |
| --- | --- | --- | --- |"""
FOLDER = Path(__file__).parent / "bundled"
BUNDLED: dict[str, Path] = {name: FOLDER / f"{name}.pt" for name in TRAINED}
LARGEST_TOGETHER = 4_000_000  # bytes


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.shipping.bundled", description="makes the models that come with it")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"default: all of {', '.join(TRAINED)}")
    text = "for NAME.pt, and the run NAME that it is of; a run that is there is taken up (default: runs/bundled)"
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=Path("runs/bundled"), help=text)
    parser.add_argument("--docs", metavar="FOLDER", type=Path, help="writes the cards and pictures there, and no more")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in TRAINED]:
        parser.error(f"no model {unknown[0]!r} comes with the package; there are {', '.join(TRAINED)}")
    if given.docs:
        return write_page(given.docs)
    status = 0
    for name in given.names or TRAINED:
        status = status or make(name, given.out / name, given.out / f"{name}.pt")
    return status


def make(name: str, folder: Path, target: Path) -> int:
    """Trains in `folder` and writes `target`. Returns what the commands return: 0, or why there is no new file."""
    from minicyclegan import evaluate, train  # commands stand above all rooms; this is one, too

    folder_ = RunFolder(folder)
    begin = ["--small", "--device", "cpu", "--threads", "1", *TRAINED[name].split()]
    if status := train.main([*(["--resume"] if folder_.checkpoint.exists() else begin), "--out", str(folder)]):
        return status
    content, light, measured = (
        lightened(load_checkpoint(folder_.checkpoint)),
        folder / f"{name}.pt",
        folder / "evaluation.json",
    )
    save_checkpoint(light, content)
    if status := evaluate.main([str(light), "--device", "cpu", "--features", "own", "--json", str(measured)]):
        return status
    evaluation = json.loads(measured.read_text(encoding="utf-8")) | {"model": name}
    save_checkpoint(target, content | {"evaluation": evaluation})
    print(f"{target}: {target.stat().st_size:,} bytes")
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


def write_page(docs: Path) -> int:
    """Writes models.md, and a picture of each model's first test pictures."""
    from minicyclegan import evaluate

    (docs / "models").mkdir(parents=True, exist_ok=True)
    for name, path in BUNDLED.items():
        options = ["--count", "6", "--features", "own", "--device", "cpu", "--picture", f"{docs}/models/{name}.png"]
        if status := evaluate.main([str(path), *options]):
            return status
    with whole_file(docs / "models.md") as file:
        file.write(page().encode())
    return 0


def page() -> str:
    """docs/models.md: which models come with the package, and their cards."""
    from minicyclegan.shipping.card import card
    from minicyclegan.shipping.translator import load

    rows, cards = [], []
    for name, path in BUNDLED.items():
        rows.append(f"| `{name}` | `{path.name}` | {path.stat().st_size:,} | {WHY[name]} |")
        text = re.sub(r"(?m)^# Model card: .*\n", "", card(load(path))).replace("\n## ", "\n### ")
        cards.append(f"## {name}\n\n![Test pictures, and what {name} makes of them](models/{name}.png)\n{text}")
    return "\n".join([HEAD, *rows, "", *cards])


if __name__ == "__main__":
    run(main, (CheckpointError, Diverged, RunError, OSError))

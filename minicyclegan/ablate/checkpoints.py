"""Small checkpoints of finished runs, for shipping: the networks that translate, in half precision; their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from minicyclegan.ablate.runs import AblationError, Run
from minicyclegan.shipping.bundled import lightened
from minicyclegan.training.checkpoint import load_checkpoint, save_checkpoint

# Settings of which the lessons need one.
LESSONS = (
    "pix2pix-l1", "pix2pix-l1-cgan", "pix2pix-encoder-decoder", "pix2pix-patch1", "pix2pix-patch16", "pix2pix-patch70",
    "pix2pix-patch-full", "cyclegan-horses-full", "cyclegan-horses-no-identity", "cyclegan-horses-cycle",
    "cyclegan-horses-gan", "pix2pix-noise-l1x100", "bicyclegan-full",
)  # fmt: skip
LARGEST = 1_000_000  # bytes of one


def write_checkpoints(folder: Path, runs: Sequence[Run]) -> None:
    """Writes NAME.pt of each setting that the lessons need, of its first seed, and a README.md that lists them.

    `runs` are those of all tables. Raises AblationError if a file would be too large, CheckpointError if a run's
    checkpoint can't be read.
    """
    first = {run.setting.name: run for run in reversed(runs)}
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in LESSONS:
        run, path = first[name], folder / f"{name}.pt"
        save_checkpoint(path, lightened(load_checkpoint(run.folder.checkpoint)))
        content = path.read_bytes()
        if len(content) > LARGEST:
            raise AblationError(f"{path}: {len(content):,} bytes, more than {LARGEST:,}; give it narrower networks")
        lines.append(f"| `{path.name}` | {run.seed} | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |")
    (folder / "README.md").write_text("\n".join([*HEAD, *lines]) + "\n", encoding="utf-8")


HEAD = [
    "# Trained models for the lessons",
    "",
    "Written by `python -m minicyclegan.ablate all --checkpoints lessons/checkpoints`; `docs/ablations.md` says how "
    "each was trained, and shows and measures what it paints. They hold the networks that translate, in half "
    "precision, and nothing else: `minicyclegan.load` takes them, training can't go on from them. Those in `seasons`, "
    "for lesson 7, have a page of their own there.",
    "",
    "| file | seed | bytes | SHA-256 |",
    "| --- | --- | --- | --- |",
]

"""python -m minicyclegan.judges: makes what judges pictures, two networks and the ranges of coats, from the worlds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from minicyclegan.cli import Parser, run
from minicyclegan.data.colours import PictureError
from minicyclegan.judging import classifier, coat, segmenter
from minicyclegan.judging.nets import save_weights
from minicyclegan.training.pictures import save_grid
from minicyclegan.worlds.facades import CLASSES as FACADE_CLASSES
from minicyclegan.worlds.facades import PALETTE

TEST_PICTURES = 200


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.judges", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--out", metavar="FOLDER", type=Path, default=Path("runs/judges"), help="default: runs/judges")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    make_segmenter(given.out)
    make_classifier(given.out)
    coat.save_ranges(given.out / "coats.json")
    print(f"all of it is in {given.out}; the package's own is in minicyclegan/judging/weights")
    return 0


def make_segmenter(out: Path, pictures: int = 800, steps: int = 500) -> float:
    """Trains it, writes its weights and two pictures, prints its scores on fresh fronts; returns its pixel accuracy."""
    start = time.perf_counter()
    network = segmenter.train_segmenter(pictures, steps)
    seconds = time.perf_counter() - start
    save_weights(network, out / "segmenter.pt")
    fronts, labels = segmenter.fronts("test", TEST_PICTURES)
    result = segmenter.fcn_score(fronts, labels, network)
    print(
        f"segmenter: {seconds:.0f} s; on {TEST_PICTURES} fresh fronts of {segmenter.SIZE} px: pixel accuracy "
        f"{result.accuracy:.4f}, class accuracy {result.class_accuracy:.4f}, class IoU {result.iou:.4f}"
    )
    few = 8
    read = PALETTE[segmenter.segment(fronts[:few], network)]
    save_grid({"segmenter": {"front": fronts[:few], "read": read, "truth": PALETTE[labels[:few]]}}, out / "fronts.png")
    draw_confusion(result.confusion.sum(0), FACADE_CLASSES, out / "segmenter.png")
    return result.accuracy


def make_classifier(out: Path, pictures: int = 300, steps: int = 1200) -> float:
    """Trains it, writes its weights and a picture, prints its score on fresh pictures; returns its accuracy."""
    start = time.perf_counter()
    network = classifier.train_classifier(pictures, steps)
    seconds = time.perf_counter() - start
    save_weights(network, out / "classifier.pt")
    shown, classes = classifier.labelled("test", TEST_PICTURES)
    taken = classifier.classify(shown, network)
    accuracy = float((taken == classes).mean())
    print(
        f"classifier: {seconds:.0f} s; on {len(classes)} fresh pictures of {len(classifier.CLASSES)} classes: "
        f"accuracy {accuracy:.4f}"
    )
    counts = np.zeros((len(classifier.CLASSES),) * 2, int)
    np.add.at(counts, (classes, taken), 1)
    draw_confusion(counts, [f"{world} {domain}" for world, domain in classifier.CLASSES], out / "classifier.png")
    return accuracy


def draw_confusion(counts: np.ndarray, names: Sequence[str], path: Path) -> None:
    """Writes a table of (classes, classes) counts as a PNG: a row for each true class, its shares in per cent."""
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)  # (classes, classes)
    side = 1.6 + 0.62 * len(names)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.05:
            axes.text(column, row, f"{share:.1f}", ha="center", va="center", color="white" if share > 60 else "black")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("taken for")
    axes.set_ylabel("truth")
    axes.set_title("share of each true class, in per cent")
    figure.savefig(path, dpi=110, format="png")


if __name__ == "__main__":
    run(main, (OSError, PictureError))

"""What can be measured of a translator, given what is known of the data; pictures are compared at 8 bits.

Of any folder: whether the model changes anything, cycle error, FID and KID, detail, diversity; where pairs exist, L1,
PSNR and SSIM to the true counterpart. Of a world, whose truth is known, also what `world_figures` measures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from minicyclegan.data.datasets import DataSet, Pictures
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.judging.extractor import OWN, Extractor
from minicyclegan.judging.figures import Figure, around, figure
from minicyclegan.judging.metrics import fid, gradient_energy, kid, l1, psnr, quick_fid, ssim
from minicyclegan.judging.style_tasks import pairwise_difference
from minicyclegan.judging.world_figures import Known, true_diversity, world_figures
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import Domain, World, other, render_pictures

BATCH = 16
SAMPLES, INPUTS = 8, 24  # for diversity: samples of each of the first few inputs
HALVES = 100  # random halves of the pictures, for the error of FID and KID


@dataclass(frozen=True)
class Shown:
    """One direction: test pictures, what the model made of them, what it should look like; uint8 (N, H, W, 1 or 3).

    truth    the inputs' true counterparts, where they are known
    target   real pictures of the domain that is translated to (M, H, W, 1 or 3)
    """

    direction: Direction
    before: np.ndarray
    after: np.ndarray
    target: np.ndarray
    truth: np.ndarray | None


def show(translator: Translator, data: DataSet, direction: Direction, most: int | None, quiet: bool) -> Shown:
    """Translates the first `most` test pictures (None: all)."""
    forth = direction == "AtoB"
    sources, targets = (data.test_A, data.test_B) if forth else (data.test_B, data.test_A)
    truths = data.truth_A if forth else data.truth_B
    if truths is None and data.paired:
        truths = targets
    before = _stack(sources, most)
    after = run(translator, before, direction, quiet)
    return Shown(direction, before, after, _stack(targets, most), None if truths is None else _stack(truths, most))


def run(translator: Translator, pictures: np.ndarray, direction: Direction, quiet: bool = True) -> np.ndarray:
    """Translations of (N, H, W, C) uint8, rounded to 8 bits, several at a time through the network."""
    starts = tqdm(range(0, len(pictures), BATCH), f"translating {direction}", unit="batch", disable=quiet)
    parts = [from_tensor(translator.translate(to_tensor(pictures[i : i + BATCH]), direction)) for i in starts]
    return np.concatenate(parts)


def evaluate(
    translator: Translator,
    data: DataSet,
    world: World | None,
    size: int,
    swapped: bool = False,
    extractor: Extractor = OWN,
    most: int | None = None,
    quiet: bool = False,
) -> list[Figure]:
    """All figures of the model's directions on the test pictures of `data`, which are `size` pixels to the side.

    world       what `data` shows, if that is a world; swapped: with its A and B exchanged
    extractor   the features that FID and KID compare
    most        only the first so many pictures of each domain; None: all
    quiet       without progress bars

    Differences are mean absolute differences with pictures in [0, 1].
    """
    figures = []
    for direction in translator.generators:
        shown = show(translator, data, direction, most, quiet)
        domain: Domain = "A" if (direction == "AtoB") != swapped else "B"
        known = None if world is None else Known(world, domain, size)
        figures += _changes(translator, shown)
        figures += _to_the_truth(shown, known)
        figures += _set_to_set(shown, known, extractor)
        figures += _diversity(translator, shown, known)
        if known is not None:
            figures += world_figures(translator, direction, shown.before, shown.after, shown.truth, known)
    return figures


def _changes(translator: Translator, shown: Shown) -> list[Figure]:
    direction, before, after = shown.direction, shown.before, shown.after
    # A model that hands its input back has perfect cycles: this figure gives it away.
    real = None if shown.truth is None else float(l1(before, shown.truth).mean())
    figures = [figure(direction, "change: output against input", l1(before, after), real)]
    back: Direction = "BtoA" if direction == "AtoB" else "AtoB"
    if back in translator.generators:
        again = run(translator, after, back)
        figures.append(figure(direction, "cycle: back again against input", l1(before, again)))
    return figures


def _to_the_truth(shown: Shown, known: Known | None) -> list[Figure]:
    real = shown.target if shown.truth is None else shown.truth
    energy = "detail: gradient energy x 1000"
    figures = [
        figure(shown.direction, energy, 1000 * gradient_energy(shown.after), float(1000 * gradient_energy(real).mean()))
    ]
    if shown.truth is None:
        return figures
    where: dict[str, np.ndarray | None] = {"": None}
    masks = None if known is None else known.masks(len(shown.before))
    if masks is not None:
        where |= {" inside the mask": masks >= 128, " outside the mask": masks < 128}
    measures = {"L1": l1, "PSNR (dB)": psnr}
    # The window of SSIM does not fit smaller pictures.
    if min(shown.after.shape[1:3]) >= 8:
        measures["SSIM"] = ssim
    for place, mask in where.items():
        for name, measure in measures.items():
            values = measure(shown.after, shown.truth, mask)
            if np.isfinite(values).any():
                figures.append(figure(shown.direction, f"truth: {name}{place}", values))
    return figures


def _set_to_set(shown: Shown, known: Known | None, extractor: Extractor) -> list[Figure]:
    """FID and KID of the outputs against real pictures of the target domain."""
    count, others = len(shown.after), len(shown.target)
    if min(count, others) < 4:
        return []
    real = shown.target
    real_fid = real_kid = None
    after = extractor.extract(shown.after)
    if known is not None and shown.truth is not None and real.shape[-1] == 3:
        # Other scenes than the inputs', so that even the inputs' true counterparts do not score 0.
        real = render_pictures(known.world, "test", other(known.domain), count + others, known.size)[count:]
        reference, truth = extractor.extract(real), extractor.extract(shown.truth)
        real_fid, real_kid = fid(reference, truth), kid(reference, truth, HALVES)[0]
    else:
        reference = extractor.extract(real)
    # Halves without replacement: FID takes a picture that comes twice for a lack of variety.
    rng = np.random.default_rng(0)
    halves = [
        quick_fid(reference[rng.permutation(others)[: others // 2]], after[rng.permutation(count)[: count // 2]])
        for _ in range(HALVES)
    ]
    mean, deviation = kid(reference, after, HALVES)
    label = f"({extractor.name}; {count} + {others} pictures)"
    return [
        around(shown.direction, f"FID {label}", fid(reference, after), float(np.std(halves)), count, real_fid),
        around(shown.direction, f"KID {label}", mean, deviation, count, real_kid),
    ]


def _diversity(translator: Translator, shown: Shown, known: Known | None) -> list[Figure]:
    """Mean difference among several answers to one input: by the model's code, or by its noise (pix2pix)."""
    inputs = to_tensor(shown.before[:INPUTS])
    if getattr(translator, "latent", 0):
        name = f"diversity: among {SAMPLES} samples of an input"
        samples = torch.cat([translator.samples(x[None], SAMPLES) for x in inputs])  # (N, SAMPLES, C, H, W)
    else:
        name = f"diversity: among {SAMPLES} samples by noise"
        try:
            translator.check_noise(0, shown.direction)
        except ValueError:  # one answer is all it has
            return []
        # One picture at a time, as published: batch norms see that picture alone.
        rows = [[translator.translate(x[None], shown.direction, noise=seed) for seed in range(SAMPLES)] for x in inputs]
        samples = torch.stack([torch.cat(row) for row in rows])  # (N, SAMPLES, C, H, W)
    real = None if known is None else true_diversity(known, len(inputs), SAMPLES)
    return [figure(shown.direction, name, pairwise_difference(from_tensor(samples)), real)]


def _stack(pictures: Pictures, most: int | None) -> np.ndarray:
    return np.stack([pictures[i] for i in range(len(pictures))[:most]])


def sheet(translator: Translator, data: DataSet, count: int = 6) -> dict[str, dict[str, np.ndarray]]:
    """What `training.pictures.grid` draws: for each direction the first inputs, outputs and what is known of them."""
    blocks: dict[str, dict[str, np.ndarray]] = {}
    for direction in translator.generators:
        shown = show(translator, data, direction, count, quiet=True)
        rows = {"input": shown.before, "output": shown.after}
        if getattr(translator, "latent", 0):
            samples = from_tensor(translator.samples(to_tensor(shown.before), 3))  # (N, 3, H, W, C)
            rows |= {f"sample {i + 1}": samples[:, i] for i in range(3)}
        back: Direction = "BtoA" if direction == "AtoB" else "AtoB"
        if back in translator.generators:
            rows["back again"] = run(translator, shown.after, back)
        if shown.truth is not None:
            rows["truth"] = shown.truth
        blocks[direction] = rows
    return blocks

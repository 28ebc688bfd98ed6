"""What can be measured of a model: a table of measures, each a function of one direction on its test pictures.

Of any folder: whether the model changes anything, cycle error, detail, the grid of its upsampling, FID and KID,
diversity; where pairs exist, L1, PSNR and SSIM to the true counterpart. Of a world, whose truth is known, also what
`world_figures` measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from minicyclegan.judging import grid, metrics, world_figures
from minicyclegan.judging.extractor import OWN, Extractor
from minicyclegan.judging.figures import Figure, around, figure
from minicyclegan.judging.nets import to_float, to_uint8
from minicyclegan.judging.translation import Translation, as_pictures
from minicyclegan.worlds import other
from minicyclegan.worlds.render import draw_range

SAMPLES, INPUTS = 8, 24  # for diversity: samples of each of the first few inputs
HALVES = 100  # random halves of the pictures, for the error of FID, KID and the pooled grid


def evaluate(
    translations: Sequence[Translation], extractor: Extractor = OWN, measures: Sequence[str] | None = None
) -> list[Figure]:
    """The figures of a model's directions.

    measures    names in MEASURES; None: those of the report
    extractor   the features that FID and KID compare

    Differences are mean absolute differences with pictures in [0, 1].
    """
    table = MEASURES | {"FID and KID": partial(distances_of_sets, extractor=extractor)}
    chosen = [table[name] for name in measures or REPORT]
    return [replace(found, direction=t.direction) for t in translations for measure in chosen for found in measure(t)]


# ---- Without any truth -------------------------------------------------------------------------------------------


def change(t: Translation) -> list[Figure]:
    # A model that hands its input back has perfect cycles: this figure gives it away.
    real = None if t.test.truth is None else float(metrics.l1(t.test.source, t.test.truth).mean())
    return [figure("change: output against input", metrics.l1(t.test.source, t.output), real=real)]


def cycle(t: Translation) -> list[Figure]:
    if t.back is None:
        return []
    return [figure("cycle: back again against input", metrics.l1(t.test.source, t.back))]


def detail(t: Translation) -> list[Figure]:
    energy, real_energy = (1000 * metrics.gradient_energy(images) for images in (t.output, t.test.real))
    return [figure("detail: gradient energy x 1000", energy, real=float(real_energy.mean()))]


def upsampling_grid(t: Translation) -> list[Figure]:
    """Picture by picture, and pooled, which has a limit where there are enough pictures to hold a model to it."""
    mask, count = world_figures.plain_parts(t.test), len(t.output)
    output, real = (to_float(images).double() for images in (t.output, t.test.real))
    by_picture, real_by_picture = (grid.grid_by_picture(pictures, mask) for pictures in (output, real))
    if by_picture.isnan().all():  # pictures so small that nothing plain is left
        return []
    sums, weights = grid.pooled_sums(output, mask)
    rng = np.random.default_rng(0)
    halves = (_half(rng, count) for _ in range(HALVES))
    error = np.std([grid.of_sums(sums[half].sum(0), weights[half].sum(0)).item() for half in halves])
    pooled, real_pooled = (grid.pooled_grid(pictures, mask).item() for pictures in (output, real))
    limits = (None, grid.LIMIT) if count >= grid.FEWEST else None
    return [
        figure("grid: picture by picture, in 255ths", by_picture, real=real_by_picture.nanmean().item()),
        around("grid: pooled, in 255ths", pooled, float(error), count, real=real_pooled, limits=limits),
    ]


def diversity(t: Translation) -> list[Figure]:
    """Mean difference among several answers to one input: by the model's code, or by its noise (pix2pix)."""
    inputs = to_float(t.test.source[:INPUTS])
    if getattr(t.translator, "latent", 0):
        name = f"diversity: among {SAMPLES} samples of an input"
        samples = t.translator.samples(inputs, SAMPLES)  # (N, SAMPLES, C, H, W)
    else:
        name = f"diversity: among {SAMPLES} samples by noise"
        try:
            t.translator.check_noise(0, t.direction)
        except ValueError:  # one answer is all it has
            return []
        # One picture at a time, as published: batch norms see that picture alone.
        rows = [[t.translator.translate(x[None], t.direction, noise=seed) for seed in range(SAMPLES)] for x in inputs]
        samples = torch.stack([torch.cat(row) for row in rows])  # (N, SAMPLES, C, H, W)
    real = world_figures.true_diversity(t.test, len(inputs), SAMPLES)
    return [figure(name, metrics.pairwise_difference(to_uint8(samples)), real=real)]


def identity(t: Translation) -> list[Figure]:
    """What becomes of pictures that are sent to the domain in which they are already."""
    return [
        figure("identity: change of the target domain's own", metrics.l1(t.test.target, t.of_target)),
        figure("identity: drift of their colours", metrics.colour_drift(t.test.target, t.of_target)),
    ]


# ---- Against real pictures ---------------------------------------------------------------------------------------


def truth(t: Translation) -> list[Figure]:
    """L1, PSNR and SSIM to the true counterparts, where they are known; with masks also inside and outside of them."""
    if t.test.truth is None:
        return []
    errors = {
        "L1": metrics.absolute_error(t.output, t.test.truth),
        "PSNR (dB)": metrics.squared_error(t.output, t.test.truth),
    }
    if t.test.size >= 8:  # the window of SSIM does not fit smaller pictures
        errors["SSIM"] = metrics.ssim(t.output, t.test.truth)
    places: dict[str, Tensor | None] = {"": None}
    if t.test.animals is not None:
        places |= {" inside the mask": t.test.animals >= 128, " outside the mask": t.test.animals < 128}
    figures = []
    for place, mask in places.items():
        for name, error in errors.items():
            mean = metrics.masked_mean(error, mask)
            values = metrics.psnr(mean) if name.startswith("PSNR") else mean
            if values.isfinite().any():
                figures.append(figure(f"truth: {name}{place}", values))
    return figures


def variety(t: Translation) -> list[Figure]:
    """Mean difference between the outputs for different inputs: a model that paints one picture has none."""
    if t.test.truth is None:
        return []
    ours, real = (metrics.pairwise_difference(images[None]) for images in (t.output, t.test.truth))
    return [figure("variety: among outputs", ours, real=real.item())]


def distances_of_sets(t: Translation, extractor: Extractor = OWN) -> list[Figure]:
    """FID and KID of the outputs against real pictures of the target domain."""
    count, others = len(t.output), len(t.test.target)
    if min(count, others) < 4:
        return []
    real, real_fid, real_kid = t.test.target, None, None
    if t.test.world is not None and t.test.truth is not None and real.shape[1] == 3:
        # Other scenes than the inputs', so that even the inputs' true counterparts do not score 0.
        scenes = t.test.world, "test", other(t.test.domain), count, count + others
        real = metrics.as_tensor(draw_range(*scenes, t.test.size, 0)).to(real.device)
    reference, generated = extractor.extract(real), extractor.extract(t.output)
    if real is not t.test.target:
        truth = extractor.extract(t.test.truth)
        real_fid, real_kid = metrics.fid(reference, truth), metrics.kid(reference, truth, HALVES)[0]
    # Halves without replacement: FID takes a picture that comes twice for a lack of variety.
    rng = np.random.default_rng(0)
    halves = [metrics.fid(*(f[_half(rng, len(f))] for f in (reference, generated))) for _ in range(HALVES)]
    mean, deviation = metrics.kid(reference, generated, HALVES)
    label, value = f"({extractor.name}; {count} + {others} pictures)", metrics.fid(reference, generated)
    return [
        around(f"FID {label}", value, float(np.std(halves)), count, real=real_fid),
        around(f"KID {label}", mean, deviation, count, real=real_kid),
    ]


def _half(rng: np.random.Generator, count: int) -> Tensor:
    """The places of a random half."""
    return torch.from_numpy(rng.permutation(count)[: count // 2])


# ---- The table ---------------------------------------------------------------------------------------------------

# What `evaluate` reports; the rest is for those who ask by name, as the papers' tables do.
REPORT: dict[str, Callable[[Translation], list[Figure]]] = {
    "change": change,
    "cycle": cycle,
    "detail": detail,
    "grid": upsampling_grid,
    "truth": truth,
    "FID and KID": distances_of_sets,
    "diversity": diversity,
    "classifier": world_figures.classifier,
    "labels": world_figures.labels_read,
    "coats": world_figures.coats,
    "styles": world_figures.styles,
}
MEASURES = REPORT | {"identity": identity, "variety": variety, "texture": world_figures.texture}


def sheet(translations: Sequence[Translation], count: int = 6) -> dict[str, dict[str, np.ndarray]]:
    """What `training.pictures.grid` draws: for each direction the first inputs, outputs and what is known of them."""
    blocks: dict[str, dict[str, np.ndarray]] = {}
    for t in translations:
        rows = {"input": t.test.source, "output": t.output}
        if getattr(t.translator, "latent", 0):
            samples = to_uint8(t.translator.samples(to_float(t.test.source[:count]), 3))  # (count, 3, C, H, W)
            rows |= {f"sample {i + 1}": samples[:, i] for i in range(3)}
        rows |= {"back again": t.back, "truth": t.test.truth}
        blocks[t.direction] = {name: as_pictures(row[:count]) for name, row in rows.items() if row is not None}
    return blocks

"""Wrong layers are caught: the well-known mistakes, and random small edits of the source."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection

import pytest
import torch

from minicyclegan import losses, networks
from reference_numpy import convolution, functional, padding
from tests.reference_numpy.judges import judge_functional, judge_losses, judge_networks
from tests.reference_numpy.layers import KERNELS, LAYERS, Layer, errors
from tests.reference_numpy.mistakes import MISTAKES
from tests.reference_numpy.mutants import mutants


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("mistake", "layer"),
    [
        pytest.param(mistake, layer, id=f"{mistake.__name__} in {layer.name}")
        for layer in LAYERS + KERNELS
        for mistake in MISTAKES.get(layer.kind, [])
    ],
)
def test_well_known_mistakes_are_caught(mistake: Callable, layer: Layer, dtype: str):
    allowed = 1e-10 if dtype == "float64" else 4 * layer.measured(dtype)
    assert max(errors(layer, None, getattr(torch, dtype)).values()) <= allowed
    try:
        found = errors(layer, mistake(layer.function), getattr(torch, dtype))
    except RuntimeError:
        return  # the shapes no longer fit, which nobody overlooks
    assert max(found.values()) > 4 * allowed, found


TWINNED = (
    "InstanceNorm",
    "norm_layer",
    "ResidualBlock",
    "ResnetGenerator",
    "UnetGenerator",
    "PatchDiscriminator",
    "PixelDiscriminator",
    "MultiscaleDiscriminator",
    "EncoderBlock",
    "StyleEncoder",
)
LOSSES = ("discriminator_loss", "generator_loss", "gradient_penalty", "cycle_loss", "identity_loss")
SOURCES = [
    (convolution, (), judge_functional),
    (padding, (), judge_functional),
    (functional, (), judge_functional),
    (networks, TWINNED, judge_networks),
    (losses, LOSSES, judge_losses),
]


@pytest.mark.parametrize(("module", "only", "judge"), SOURCES)
def test_the_sources_themselves_pass(module: types.ModuleType, only: Collection[str], judge: Callable):
    judge(module)


def test_random_edits_are_caught():
    """20 seeds, one edit of every source for each of them; 95 % must be caught.

    About 2 % of all possible edits are equivalent, such as a larger canvas around a picture (the rest is never read),
    reshape(-2) for reshape(-1), `<` or `<=` between random numbers, and the stack level of a warning.
    """
    survivors, count = [], 0
    for module, only, judge in SOURCES:
        for change, run in mutants(module, range(20), only):
            count += 1
            try:
                judge(run())
            except (Exception, pytest.fail.Exception):
                continue
            survivors.append(f"{module.__name__}, {change}")
    print(f"{count - len(survivors)} of {count} caught; not caught:", *survivors, sep="\n  ")
    assert len(survivors) <= 0.05 * count, survivors

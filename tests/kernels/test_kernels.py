"""The kernels themselves: on the GPU, or in Triton's interpreter (see conftest.py), against float64 NumPy."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

import reference_numpy as rn
from minicyclegan.kernels import instance_norm, instance_norm_triton
from minicyclegan.kernels.instance_norm import Fused, fused, fused_backward, inside, instance_norm_act, twin
from minicyclegan.kernels.instance_norm_triton import Plan, make_plan
from reference_numpy import functional as NF
from tests.kernels.engine import DEVICE, INTERPRETED
from tests.reference_numpy.compare import assert_close, in_numpy, in_torch
from tests.reference_numpy.layers import FORMATS, TYPES

EPS = float(np.finfo(np.float32).eps)
SLOPES = (1.0, 0.0, 0.2)  # none, ReLU, leaky ReLU

# float32: relative to the size of the terms of a row's sums, 1.2e-6 is measured over 26 random ones.
# bfloat16: besides that one rounding of the result, at most 2^-8 of it; Triton's interpreter cuts off, 2^-7.
FLOAT32 = 4e-6
ONE_ROUNDING = 2**-7 if INTERPRETED else 2**-8


def reference(input: rn.Tensor, residual: rn.Tensor | None = None, residual_pad=0, slope=1.0, pad=0) -> rn.Tensor:
    y = NF.instance_norm(input)
    y = y if slope == 1 else NF.leaky_relu(y, slope)
    if residual is not None:
        kept = slice(residual_pad, -residual_pad or None)
        y = residual[:, :, kept, kept] + y
    return NF.pad(y, (pad,) * 4, mode="reflect") if pad else y


def kernel(input: torch.Tensor, residual: torch.Tensor | None = None, residual_pad=0, slope=1.0, pad=0) -> torch.Tensor:
    return Fused.apply(input, residual, residual_pad, slope, pad, 1e-5)[0]


def rounded(array: np.ndarray, dtype: torch.dtype) -> np.ndarray:
    """The nearest float32 numbers that `dtype` has."""
    return torch.tensor(array).to(dtype).float().numpy()


def compare(
    arrays: dict[str, np.ndarray],
    settings: dict[str, float],
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
    second: bool = False,
    tolerance: float = FLOAT32,
) -> None:
    """Output and derivatives against NumPy's on the same numbers, rounded to `dtype` beforehand."""

    def gradient(name: str, shape: tuple[int, ...], kind: np.dtype) -> np.ndarray:
        array = np.random.default_rng((1, len(name), *name.encode())).standard_normal(shape)
        return rounded(array, dtype).astype(kind)

    def there_and_back(**tensors: torch.Tensor) -> torch.Tensor:
        placed = {
            name: tensor.to(DEVICE, dtype).contiguous(memory_format=memory_format) for name, tensor in tensors.items()
        }
        y = kernel(**placed, **settings)
        assert y.dtype == dtype and y.is_contiguous(memory_format=memory_format)
        return y.float().cpu()

    arrays = {name: rounded(array, dtype) for name, array in arrays.items()}
    found = in_torch(there_and_back, arrays, gradient, second)
    exact = {name: array.astype(np.float64) for name, array in arrays.items()}
    expected = in_numpy(lambda **tensors: reference(**tensors, **settings), exact, gradient, second)
    assert found.keys() == expected.keys()
    g = np.abs(gradient("output", expected["output"].shape, np.float64)).max((2, 3), keepdims=True)  # (N, C, 1, 1)
    deviation = np.sqrt(exact["input"].var((2, 3), keepdims=True) + 1e-5)  # (N, C, 1, 1)
    # Of the terms that are summed; a pixel beside the border also gets what went to its mirror images.
    sizes = {"output": 1, "gradient of input": (4 if settings.get("pad") else 1) * g / deviation}
    for name, value in expected.items():
        size = sizes.get(name, max(np.abs(value).max(), 1e-2))
        error = np.abs(found[name] - value) - (ONE_ROUNDING * np.abs(value) if dtype == torch.bfloat16 else 0)
        worst = float((error / size).max())
        assert worst <= tolerance, f"{name}: off by {worst:.3g} of its row's size"


def maps(shape: tuple[int, ...], residual_pad: int | None = None, seed: int = 0) -> dict[str, np.ndarray]:
    """Normal values; every second channel is 300 times fainter, so that eps counts, and each has its own mean."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) + 3 * rng.standard_normal((*shape[:2], 1, 1))
    x[:, 1::2] /= 300
    if residual_pad is None:
        return {"input": x}
    sides = [side + 2 * residual_pad for side in shape[2:]]
    return {"input": x, "residual": rng.standard_normal((*shape[:2], *sides))}


def any_cut(draw: random.Random) -> tuple[tuple[int, int, int, int], int, Plan]:
    """A small map, a border that the kernel takes, and any valid plan: mostly several tiles and parts, none fitting."""
    n, c, h, w = (draw.randint(1, most) for most in (2, 3, 9, 9))
    w += h * w == 1
    pad = draw.randint(0, max(0, min(h, w) // 2 - 1))
    tile, channels = 2 ** draw.randint(0, 5), 2 ** draw.randint(0, 1)
    needed = -(-h * w // tile)
    splits = draw.randint(1, min(needed, 3))
    in_part = -(-needed // splits)
    return (n, c, h, w), pad, Plan(tile, channels, in_part, -(-needed // in_part), warps=1)


# Seeds, not hypothesis: machines with a GPU need not have it.
@pytest.mark.parametrize("seed", range(10))
def test_any_map_in_any_cut(seed, monkeypatch):
    draw = random.Random(seed)
    shape, pad, plan = any_cut(draw)
    residual_pad = draw.choice((None, 0, 1, 3))
    monkeypatch.setattr(instance_norm_triton, "make_plan", lambda *_: plan)
    settings = {"slope": draw.choice(SLOPES), "pad": pad, "residual_pad": residual_pad or 0}
    dtype, memory_format = TYPES[draw.choice(sorted(TYPES))], FORMATS[draw.choice(sorted(FORMATS))]
    compare(maps(shape, residual_pad, seed), settings, dtype, memory_format)


@pytest.mark.parametrize(
    ("dtype", "memory_format"),
    [("float32", "contiguous"), ("float32", "channels_last"), ("bfloat16", "channels_last")],
)
@pytest.mark.parametrize("pad", [0, 1, 3])
@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(Plan(128, 2, tiles=1, splits=1, warps=1), id="one tile"),
        pytest.param(Plan(16, 2, tiles=5, splits=1, warps=1), id="several tiles"),
        pytest.param(Plan(16, 2, tiles=2, splits=3, warps=1), id="several parts"),
    ],
)
def test_every_kernel(plan, pad, dtype, memory_format, monkeypatch):
    monkeypatch.setattr(instance_norm_triton, "make_plan", lambda *_: plan)
    given_settings = {"slope": 0.2, "pad": pad, "residual_pad": 1}
    compare(maps((2, 3, 8, 9), residual_pad=1), given_settings, TYPES[dtype], FORMATS[memory_format])


@pytest.mark.parametrize("memory_format", FORMATS)
def test_the_own_plan_of_a_map(memory_format):
    # 4.2e-6 is measured: the interpreter's NumPy adds a tile's rows one after another, which rounds more than a tree.
    compare(maps((1, 3, 64, 64)), {"slope": 0.0, "pad": 1}, memory_format=FORMATS[memory_format], tolerance=1e-5)


@pytest.mark.parametrize(
    "plan", [Plan(64, 1, 1, 1, 1), Plan(8, 1, 8, 1, 1), Plan(8, 1, 3, 3, 1)], ids=lambda p: f"{p.tiles} x {p.splits}"
)
def test_a_large_mean_cancels_nothing(plan, monkeypatch):
    # The mean itself is rounded to float32, eps / 2 of it, and so are x's distances from it; the difference of the
    # mean square and the squared mean would be off by eps mean^2, a thousand times as much and more.
    monkeypatch.setattr(instance_norm_triton, "make_plan", lambda *_: plan)
    mean = 1e4
    x = mean + np.random.default_rng(0).standard_normal((1, 1, 8, 8))
    compare({"input": x}, {}, tolerance=EPS * mean)


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("pad", [0, 2])
def test_second_derivatives_are_right(slope, pad):
    given_settings = {"slope": slope, "pad": pad, "residual_pad": pad}
    compare(maps((1, 2, 7, 6), residual_pad=pad), given_settings, second=True, tolerance=2e-6)


@pytest.mark.parametrize("order", [2, 3])
def test_derivatives_of_higher_order_where_the_gradient_depends_on_x(order):
    x = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(0)).to(DEVICE)
    directions = [torch.randn(x.shape, generator=torch.Generator().manual_seed(1 + k)).to(DEVICE) for k in range(3)]

    def derivative(function, x):
        x = x.requires_grad_()
        value = (function(x) ** 3).sum()
        for direction in directions[: order - 1]:
            (gradient,) = torch.autograd.grad(value, x, create_graph=True)
            value = (gradient * direction.to(x.dtype)).sum()
        return torch.autograd.grad(value, x)[0].cpu().double().numpy()

    found = derivative(lambda x: kernel(x, slope=0.2, pad=1), x.clone())
    expected = derivative(lambda x: twin(x, slope=0.2, pad=1), x.double())
    assert_close("derivative", found, expected, 1e-5)


def test_a_slice_or_a_gradient_in_another_order_is_no_different():
    arrays = maps((2, 4, 5, 6), residual_pad=0)
    whole = torch.tensor(arrays["input"], dtype=torch.float32, device=DEVICE)
    residual = torch.tensor(arrays["residual"], dtype=torch.float32, device=DEVICE)
    g = torch.randn(2, 2, 4, 5, generator=torch.Generator().manual_seed(0)).to(DEVICE)

    def run(x, residual, g):
        x = x.detach().requires_grad_()
        y = kernel(x, residual, slope=0.0)
        return y, *torch.autograd.grad(y, x, g)

    part = whole[:, 1:3, 1:, :-1], residual[:, 1:3, 1:, :-1]
    expected = run(*(tensor.contiguous() for tensor in part), g)
    for x, residual, gradient in (
        (*part, g),
        (part[0].contiguous(memory_format=torch.channels_last), part[1].contiguous(), g),
        (*part, g.contiguous(memory_format=torch.channels_last)),
    ):
        for found, right in zip(run(x, residual, gradient), expected, strict=True):
            torch.testing.assert_close(found, right, rtol=0, atol=4e-6)
    spread = run(part[0], None, torch.ones((), device=DEVICE).expand(2, 2, 4, 5))
    dense = run(part[0], None, torch.ones(2, 2, 4, 5, device=DEVICE))
    assert torch.equal(spread[1], dense[1])


def test_nothing_but_the_map_and_two_numbers_a_row_is_kept():
    x = torch.randn(2, 3, 8, 8, device=DEVICE, requires_grad=True)
    residual = torch.randn(2, 3, 8, 8, device=DEVICE, requires_grad=True)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        kernel(x, residual, slope=0.0, pad=3)
    assert sorted(tensor.numel() for tensor in kept) == [2 * 3 * 2, x.numel()]


def test_nan_stays_in_its_row():
    x = torch.randn(1, 3, 4, 4, device=DEVICE)
    x[0, 1, 2, 3] = torch.nan
    for slope in (0.0, 0.2, 1.0):
        y = kernel(x, slope=slope)
        assert y[0, 1].isnan().all() and not y[0, ::2].isnan().any()


def test_the_operators_keep_their_promises():
    """To autograd and torch.compile: schema, shapes and strides, derivatives; for dynamic sizes too."""
    x = torch.randn(2, 2, 4, 5, device=DEVICE).contiguous(memory_format=torch.channels_last).requires_grad_()
    residual = torch.randn(2, 2, 6, 7, device=DEVICE, requires_grad=True)
    torch.library.opcheck(fused, (x, residual, 1, 0.2, 1, 1e-5))
    y, statistics = fused(x, None, 0, 0.2, 1, 1e-5)
    tests = ("test_schema", "test_faketensor", "test_autograd_registration")  # AOTAutograd has no second derivatives
    given = (torch.randn_like(y), x.detach(), statistics, 1, 0.2, 1, 1e-5)
    torch.library.opcheck(fused_backward, given, test_utils=tests)


def test_torch_compile_takes_it_without_a_break(monkeypatch):
    if INTERPRETED:
        monkeypatch.setattr(instance_norm, "kernel_takes", lambda *_: True)
    x = torch.randn(2, 3, 5, 4, device=DEVICE, requires_grad=True)
    residual = torch.randn(2, 3, 7, 6, device=DEVICE, requires_grad=True)

    def block(x, residual):
        first = instance_norm_act(x, slope=0.0, pad=1)
        return instance_norm_act(2 * inside(first, 1), residual=residual + first, residual_pad=1).square()

    found = torch.compile(block, backend="aot_eager", fullgraph=True)(x, residual)
    expected = block(x, residual)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    g = torch.randn_like(found)
    for one, other in zip(*(torch.autograd.grad(y, (x, residual), g) for y in (found, expected)), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.skipif(DEVICE == "cpu", reason="too large for Triton's interpreter: needs a GPU")
@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(1, 64, 256, 256), (1, 128, 128, 128), (16, 256, 64, 64), (3, 70, 131, 257)])
def test_maps_of_real_size(shape, dtype, memory_format):
    # Against the twin in float64 on the GPU; sums of 65536 terms round more than those of a few.
    torch.manual_seed(0)
    x = torch.randn(shape, device=DEVICE, dtype=TYPES[dtype]).contiguous(memory_format=FORMATS[memory_format])
    residual = torch.randn_like(x)
    y = kernel(x.requires_grad_(), residual, slope=0.2, pad=3)
    g = torch.randn_like(y)
    (found,) = torch.autograd.grad(y, x, g)
    exact = x.detach().double().requires_grad_()
    right = twin(exact, residual.double(), slope=0.2, pad=3)
    (expected,) = torch.autograd.grad(right, exact, g.double())
    for one, other in ((y, right), (found, expected)):
        allowed = (ONE_ROUNDING if dtype == "bfloat16" else 0) * other.abs() + 1e-5 * other.abs().max()
        assert ((one.double() - other).abs() <= allowed).all()


@pytest.mark.parametrize("seed", range(200))
def test_plans_cover_a_map_once(seed):
    draw = random.Random(seed)
    shape = [draw.randint(1, draw.choice((2, 20, most))) for most in (64, 600, 700, 700)]  # (N, C, H, W)
    channels_last, itemsize, processors = draw.random() < 0.5, draw.choice([2, 4]), draw.choice([1, 16, 108, 132])
    plan = make_plan(torch.Size(shape), channels_last, itemsize, processors)
    pixels, part = shape[2] * shape[3], plan.pixels * plan.tiles
    assert part * (plan.splits - 1) < pixels <= part * plan.splits  # no part is empty
    assert all(size & (size - 1) == 0 for size in (plan.pixels, plan.channels, plan.warps))
    assert plan.pixels * plan.channels <= 4096 and 1 <= plan.warps <= 8  # a thread holds 16 numbers
    assert 16 * plan.splits**2 <= max(pixels, 16)  # what the parts wrote is little beside what they read


@pytest.mark.parametrize("itemsize", [2, 4])
@pytest.mark.parametrize("shape", [(1, 64, 256, 256), (1, 128, 128, 128), (1, 256, 64, 64)])
def test_one_picture_keeps_a_large_gpu_busy(shape, itemsize):
    plan = make_plan(torch.Size(shape), True, itemsize, processors=132)
    assert shape[0] * -(-shape[1] // plan.channels) * plan.splits >= 132


def test_pictures_go_through_as_many_as_the_cache_holds(monkeypatch):
    """And the result is the same."""
    x = torch.randn(5, 3, 6, 6, generator=torch.Generator().manual_seed(0)).to(DEVICE)
    whole = kernel(x, x, slope=0.2, pad=1)
    plan = make_plan(x[:2].shape, False, 4, 1)
    passes = [(slice(0, 2), plan), (slice(2, 4), plan), (slice(4, 5), plan)]
    monkeypatch.setattr(instance_norm_triton, "_passes", lambda *_, **__: passes)
    assert torch.equal(kernel(x, x, slope=0.2, pad=1), whole)

"""How long a convolution takes forward and backward: the NumPy reference, PyTorch and, if installed, MyGrad.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.convolution

Single-threaded float64, first order, contiguous: batch 8, 32 → 64 channels, 32 × 32 pixels, 3 × 3, padding 1, bias;
gradients of input, weight and bias. MyGrad is for this comparison alone: `pip install mygrad==2.5.0`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

import reference_numpy as rn

try:
    import mygrad
    from mygrad.nnet.layers import conv_nd
except ImportError:
    mygrad = None

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((8, 32, 32, 32)), RNG.standard_normal((64, 32, 3, 3)), RNG.standard_normal(64)
G = RNG.standard_normal((8, 64, 32, 32))


def reference() -> tuple[Callable, Callable]:
    """A forward function, and a backward function of its result that returns the three gradients."""
    leaves = [rn.Tensor(array, requires_grad=True) for array in (X, W, B)]

    def backward(y: rn.Tensor) -> list[np.ndarray]:
        for leaf in leaves:
            leaf.grad = None
        y.backward(G)
        return [leaf.grad for leaf in leaves]

    return lambda: rn.functional.conv2d(*leaves, padding=1), backward


def pytorch() -> tuple[Callable, Callable]:
    leaves, g = [torch.tensor(array, requires_grad=True) for array in (X, W, B)], torch.tensor(G)

    def backward(y: torch.Tensor) -> list[np.ndarray]:
        for leaf in leaves:
            leaf.grad = None
        y.backward(g)
        return [leaf.grad.numpy() for leaf in leaves]

    return lambda: torch.nn.functional.conv2d(*leaves, padding=1), backward


def with_mygrad() -> tuple[Callable, Callable]:
    leaves = [mygrad.tensor(array, copy=False) for array in (X, W, B.reshape(1, -1, 1, 1))]

    def backward(y: mygrad.Tensor) -> list[np.ndarray]:
        y.backward(G)
        return [leaf.grad.reshape(shape) for leaf, shape in zip(leaves, (X.shape, W.shape, B.shape), strict=True)]

    return lambda: conv_nd(leaves[0], leaves[1], stride=1, padding=1) + leaves[2], backward


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25, help="measurements; the engines take turns")
    rounds = parser.parse_args().rounds
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("NumPy's threads can only be set from outside: run it with OMP_NUM_THREADS=1")
    torch.set_num_threads(1)
    engines = {"reference_numpy": reference(), "PyTorch": pytorch()}
    if mygrad is not None:
        engines[f"MyGrad {mygrad.__version__}"] = with_mygrad()
    seconds: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in engines}
    results = {}
    for measurement in range(-2, rounds):  # two rounds to warm up
        for name, (forward, backward) in engines.items():
            start = time.perf_counter()
            y = forward()
            middle = time.perf_counter()
            gradients = backward(y)
            end = time.perf_counter()
            results[name] = [y.detach().numpy() if isinstance(y, torch.Tensor) else y.data, *gradients]
            if measurement >= 0:
                seconds[name][0].append(middle - start)
                seconds[name][1].append(end - middle)
    for name, arrays in results.items():  # the same numbers, or the times mean nothing
        for array, expected in zip(arrays, results["PyTorch"], strict=True):
            np.testing.assert_allclose(array, expected, rtol=1e-9, atol=1e-9, err_msg=name)

    print(f"NumPy {np.__version__}, PyTorch {torch.__version__}, {rounds} rounds, milliseconds, one thread")
    print(f"{'':18s}{'forward':>28s}{'backward':>28s}")
    print(f"{'':18s}{'median':>10s}{'least':>9s}{'ratio':>9s}{'median':>10s}{'least':>9s}{'ratio':>9s}")
    for name, times in seconds.items():
        row = f"{name:18s}"
        for own, pytorchs in zip(times, seconds["PyTorch"], strict=True):
            ratio = min(own) / min(pytorchs)  # of the least: other work on the machine only ever adds time
            row += f"{1e3 * statistics.median(own):10.1f}{1e3 * min(own):9.1f}{ratio:8.2f}x"
        print(row)
    if mygrad is None:
        print("MyGrad is not installed: pip install mygrad==2.5.0")


if __name__ == "__main__":
    main()

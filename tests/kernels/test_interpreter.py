"""The kernels on a machine without a GPU: all their tests again, in a process where Triton interprets them."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from packaging.version import Version

from tests.kernels.engine import NO_TRITON

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU: the kernels are tested on it")
@pytest.mark.parametrize(
    "paths",
    [
        ["tests/kernels"],
        ["tests/reference_numpy/test_devices.py", "tests/reference_numpy/test_mistakes.py", "-k", "fused"],
    ],
    ids=["kernels", "layers"],
)
def test_kernels_in_the_interpreter(paths: list[str]):
    pytest.importorskip("triton", reason=NO_TRITON)
    if Version(version("triton")) < Version("3.7") and Version(np.__version__) >= Version("2.4"):
        pytest.skip("the interpreter of Triton 3.6 runs no loop under NumPy 2.4 or later: pip install triton==3.7.1")
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *paths]
    child = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"TRITON_INTERPRET": "1"}, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stdout[-6000:] + child.stderr[-2000:]
    print(child.stdout.splitlines()[-1])

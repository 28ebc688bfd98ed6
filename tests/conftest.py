"""One thread for every test: small networks run no slower on it, and bit-for-bit comparisons need a fixed number."""

import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


# In float32: whether a processor has bfloat16 must not decide which weights the tests see.
NARROW = "--small --precision float32 --size 32 --pictures 8 --width 2 --disc-width 2 --device cpu".split()
TINY = [*NARROW, "--disc-layers", "1"]
# At width 2, a U-Net of 4 levels makes 32 px a map of 2 x 2 pixels.
TINY_PIX2PIX = ["--model", "pix2pix", *TINY, "--depth", "4", "--steps", "60", "--batch", "4", "--norm", "batch"]
TINY_BICYCLEGAN = ["--model", "bicyclegan", *TINY, "--depth", "4", "--steps", "60", "--batch", "4", "--norm", "batch"]
TINY_BICYCLEGAN += ["--encoder-width", "2", "--encoder-blocks", "1"]


def trained(folder: Path, *arguments: str) -> Path:
    """The folder of a run: a real one, made by the command."""
    run = folder / "run"
    subprocess.run(
        [sys.executable, "-m", "minicyclegan.train", *arguments, "--out", run], check=True, capture_output=True
    )
    return run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory) -> Path:
    """A CycleGAN's run of two steps."""
    return trained(tmp_path_factory.mktemp("tiny"), *NARROW, "--blocks", "1", "--steps", "2")


@pytest.fixture(scope="session")
def tiny_pix2pix_run(tmp_path_factory) -> Path:
    """A pix2pix's run of sixty steps on label maps, with batch norm."""
    return trained(tmp_path_factory.mktemp("pix2pix"), *TINY_PIX2PIX)


@pytest.fixture(scope="session")
def tiny_bicyclegan_run(tmp_path_factory) -> Path:
    """A BicycleGAN's run of sixty steps on label maps."""
    return trained(tmp_path_factory.mktemp("bicyclegan"), *TINY_BICYCLEGAN)

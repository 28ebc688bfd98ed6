"""One thread for every test: small networks run no slower on it, and bit-for-bit comparisons need a fixed number."""

import os
import subprocess
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The folder of a run of two steps: a real one, made by the command."""
    run = tmp_path_factory.mktemp("tiny") / "run"
    tiny = "--small --size 32 --pictures 8 --width 2 --disc-width 2 --blocks 1 --device cpu --steps 2".split()
    subprocess.run([sys.executable, "-m", "minicyclegan.train", *tiny, "--out", run], check=True, capture_output=True)
    return run

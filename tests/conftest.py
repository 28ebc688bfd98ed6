"""One thread for every test: small networks run no slower on it, and bit-for-bit comparisons need a fixed number."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)

"""Several processes that train one model: real ones, two on gloo, against one process with the same batch."""

import os
import socket
import subprocess
import sys

import pytest
import torch

from minicyclegan.training.processes import Processes
from tests.training.shared_steps import CASES, Trained, trained


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory) -> list[dict[str, Trained]]:
    """What each of two processes has in the end, of all cases; they are started as torchrun starts them."""
    out = tmp_path_factory.mktemp("steps")
    common = {**os.environ, "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    common["MASTER_PORT"] = str(free_port())
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.training.shared_steps", out],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]
    assert [child.wait(timeout=500) for child in children] == [0, 0]
    return [torch.load(out / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_learn_what_one_learns_from_the_same_batch(case, of_two):
    alone = trained(CASES[case], Processes())
    for of_one in of_two:
        for kind in ("state", "losses"):
            assert of_one[case][kind].keys() == alone[kind].keys()
            for name, expected in alone[kind].items():
                # Sums in another order: about 1e-16 a step, which Adam divides by gradients that may be small.
                torch.testing.assert_close(of_one[case][kind][name], expected, rtol=0, atol=1e-9)
    first, second = (of_one[case]["state"] for of_one in of_two)
    assert all(torch.equal(first[name], second[name]) for name in first)

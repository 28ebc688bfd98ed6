"""data/prefetch.py: the same items in the same order, whoever makes them, and errors where they belong."""

import subprocess
import sys
import threading
import time

import pytest
import torch

from minicyclegan.data.datasets import Pictures, UnpairedBatches
from minicyclegan.data.prefetch import Upload, prefetch

GPU = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"))


@pytest.mark.parametrize("threads", [1, 3])
def test_order_is_kept_whatever_takes_longest(threads):
    def make(key: int) -> int:
        time.sleep(0.01 * (key % 3 == 0))
        return key * key

    assert list(prefetch(make, range(10), threads)) == [key * key for key in range(10)]


def test_batches_are_those_that_are_asked_for_one_by_one():
    kept = torch.randint(0, 256, (5, 18, 18, 3), dtype=torch.uint8).numpy()
    pictures = Pictures(kept.__getitem__, list("abcde"), kept)
    batches = UnpairedBatches(pictures, pictures, 16, seed=3)
    for step, batch in enumerate(prefetch(lambda step: batches.batch(step, 2), range(8), 2)):
        assert all(torch.equal(*pair) for pair in zip(batch, batches.batch(step, 2), strict=True))


def test_so_many_items_are_made_ahead_and_no_more():
    made: list[int] = []
    items = prefetch(lambda key: made.append(key) or key, range(100), threads=2)
    next(items)
    time.sleep(0.1)
    assert len(made) == 3
    items.close()
    assert len(made) == 3


def test_an_error_comes_out_where_its_item_would_have():
    def make(key: int) -> int:
        if key == 2:
            raise OSError("unreadable")
        return key

    items = prefetch(make, range(5), threads=2)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(OSError, match="unreadable"):
        next(items)


def test_after_it_is_closed_no_thread_is_left():
    items = prefetch(lambda key: key, range(100))
    next(items)
    items.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_only_pictures_that_are_decoded_again_need_more_threads():
    kept = torch.zeros(2, 18, 18, 3, dtype=torch.uint8).numpy()
    whole, partly = Pictures(kept.__getitem__, ["a", "b"], kept), Pictures(kept.__getitem__, ["a", "b"])
    assert UnpairedBatches(whole, whole, 16, 0).readers == 1
    partly.keep(0, kept[0])
    assert not partly.all_kept and UnpairedBatches(whole, partly, 16, 0).readers >= 1
    partly.keep(1, kept[1])
    assert partly.all_kept


THREADS = """
import os, threading
import numpy as np, torch
from minicyclegan.data.datasets import Pictures, UnpairedBatches

torch.set_num_threads(4)
drawn = Pictures(None, "abcd", np.zeros((4, 256, 256, 3), np.uint8))
batches, running = UnpairedBatches(drawn, drawn, 224, 0), lambda: len(os.listdir("/proc/self/task"))
before, during = running(), []
thread = threading.Thread(target=lambda: (batches.batch(0, 4), during.append(running())))
thread.start()
thread.join()
torch.ones(2**20).add(1)
print(during[0] - before, running() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc, which is Linux's")
def test_a_batch_is_made_by_one_thread():
    """More of PyTorch's, beside the training's own, would make OpenMP put those to sleep after each operation."""
    said = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True).stdout
    own, of_pytorch = map(int, said.split())
    assert own == 1 < of_pytorch


@pytest.mark.parametrize("device", ["cpu", GPU])
def test_what_is_sent_by_other_threads_is_received_whole(device):
    """Though sending and reading take longer than a turn here, no batch is read before it is there, nor after."""
    upload = Upload(torch.device(device))
    late = torch.cuda._sleep if device == "cuda" else lambda cycles: None

    def make(key: int) -> list[torch.Tensor]:
        with torch.cuda.stream(upload.stream):
            late(10**7)
        return upload.send([torch.full((64, 3, 64, 64), float(key)), torch.full((2,), -float(key))])

    sums = []
    for batch in prefetch(make, range(50), threads=2):
        large, small = upload.receive(batch)
        assert large.device.type == small.device.type == device
        late(10**7)
        sums.append(torch.stack([large.mean(), small.mean()]))
        del batch, large, small
    assert torch.stack(sums).tolist() == [[key, -key] for key in range(50)]

"""What comes next, made while what came before is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

Item = TypeVar("Item")
Key = TypeVar("Key")


def prefetch(make: Callable[[Key], Item], keys: Iterable[Key], threads: int = 1) -> Iterator[Item]:
    """make(key) of all keys, in their order; `threads` threads are as many items ahead.

    Whatever `make` raises comes out where its item would have. Close the iterator to give the rest up.
    """
    waiting: deque[Future[Item]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="prefetch") as pool:
        try:
            for key in keys:
                waiting.append(pool.submit(make, key))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class Upload:
    """Batches to a device beside its work: on CUDA from pinned memory, on a stream of their own."""

    def __init__(self, device: torch.device):
        self.device, self.received = device, []
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def send(self, batch: list[Tensor]) -> list[Tensor]:
        """Called where the batch is made, by whatever thread; it does not wait."""
        if self.stream is None:
            return batch
        torch.cuda.set_device(self.stream.device)  # of this thread: the first GPU, if nobody says so
        with torch.cuda.stream(self.stream):
            return [pictures.pin_memory().to(self.device, non_blocking=True) for pictures in batch]

    def receive(self, batch: list[Tensor]) -> list[Tensor]:
        """What was sent, as the thread that computes can use it: its device waits for it, not the processor."""
        if self.stream is None:
            return [pictures.to(self.device) for pictures in batch]
        computing = torch.cuda.current_stream(self.device)
        computing.wait_stream(self.stream)
        # What is sent from here on may lie where the batch before did: not until that has been read.
        self.stream.wait_stream(computing)
        self.received = batch
        return batch

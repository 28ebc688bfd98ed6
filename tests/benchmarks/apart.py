"""Steps in a process of their own: with none of the settings that a process has once for all that it does."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from minicyclegan.devices import synchronise
from minicyclegan.models import Model
from tests.benchmarks.clock import allocated

if TYPE_CHECKING:
    from tests.benchmarks.steps import Workload

Step = Callable[[Tensor, Tensor], dict[str, Tensor]]


class ApartError(RuntimeError):
    """The other process has ended."""


class Apart:
    """The steps that `make` makes of models, in another process, which idles between two of them.

    make   a function of a module, so that the other process can import it

    `begin` takes a model up and does a first step; a call then does one more, to the end. `memory` is the last step's
    peak in bytes, on CUDA only, model and all. Raises ApartError when the other process has failed; it has printed why.
    """

    def __init__(self, make: Callable[[Model], Step], device: torch.device):
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        arguments = (other, make, device, torch.get_num_threads())
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        other.close()  # or a process that has ended would still look reachable
        self.memory = 0

    def begin(self, work: Workload) -> None:
        self._ask(work)

    def __call__(self) -> None:
        self._ask(None)

    def _ask(self, asked: Workload | None) -> None:
        try:
            self.connection.send(asked)
            self.memory = self.connection.recv()
        except (EOFError, OSError):
            raise ApartError("the process of the baseline has ended; it says why above") from None

    def end(self) -> None:
        self.connection.close()
        self.process.join()


def _serve(connection: Connection, make: Callable[[Model], Step], device: torch.device, threads: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the process that asks, and that ends this one
    torch.set_num_threads(threads)
    while True:
        try:
            work = connection.recv()
        except EOFError:
            return
        if work is not None:
            step = None  # of another model, which makes room
            a, b = work.pictures(device)
            before = allocated(device)
            step = make(work.model(device))
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        step(a, b)
        synchronise(device)
        connection.send(torch.cuda.max_memory_allocated(device) - before if device.type == "cuda" else 0)

"""Steps as CUDA graphs: recorded once, then replayed by one call, without the thousands that the processor makes.

At batch 1 a GPU waits for the processor most of the time (docs/speed.md). A recipe names the pieces of its step that
are pure device work; each becomes a graph, put around it from outside. What is random stays between the pieces.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from minicyclegan.models import Model

WARM_UPS = 3  # real steps, in which memory is laid out, algorithms are chosen and kernels are compiled


class Recorded:
    """A piece's work on the given tensors as a CUDA graph; `replay` does it again and renews `outputs` in place."""

    def __init__(self, piece: Callable[..., Any], inputs: list[Tensor | None], pool: Any):
        self.graph, stream = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            # Meanwhile other threads pin the next pictures and send them: by default that is forbidden, and both fail.
            with torch.cuda.graph(self.graph, pool=pool, capture_error_mode="thread_local"):
                self.outputs = _with_losses_together(piece(*inputs))
        finally:
            torch.cuda.set_stream(stream)  # PyTorch does not come back from a recording that the driver has ended

    def replay(self) -> None:
        self.graph.replay()


class GraphedPiece:
    """Takes the place of a method of a model: the same tensors in, the same tensors out.

    The first calls are real steps as they are written; then the piece is recorded, and replayed from there on. If
    recording fails, a line says why, and all goes on as written.

    pool   memory that several pieces share
    side   the stream of the first calls; None: there are no streams, as on a CPU
    """

    def __init__(
        self, piece: Callable[..., Any], pool: Any = None, side: Any = None, record: Callable[..., Any] = Recorded
    ):
        self.piece, self.pool, self.side, self.record = piece, pool, side, record
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forgets what is recorded: a graph reads and writes the places in memory that it has seen."""
        self.calls, self.recorded, self.inputs = 0, None, []

    def __call__(self, *tensors: Tensor | None) -> Any:
        self.calls += 1
        if self.calls <= WARM_UPS:
            return self._beside_the_main_stream(tensors)
        if self.calls == WARM_UPS + 1:
            self._record(tensors)
        if self.recorded is None or [*map(_shape, tensors)] != [*map(_shape, self.inputs)]:
            return self.piece(*tensors)
        for place, given in zip(self.inputs, tensors, strict=True):
            if place is not None:
                place.copy_(given)
        self.recorded.replay()
        return _with_fresh_losses(self.recorded.outputs)

    def _record(self, tensors: tuple[Tensor | None, ...]) -> None:
        self.inputs = [None if tensor is None else tensor.clone() for tensor in tensors]
        try:
            self.recorded = self.record(self.piece, self.inputs, self.pool)
        except Exception as error:  # whatever PyTorch, the driver or a library says
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
            print(f"note: no CUDA graph of {self.piece.__name__} ({reason}); it goes on without", file=sys.stderr)
            self.inputs = []

    def _beside_the_main_stream(self, tensors: tuple[Tensor | None, ...]) -> Any:
        """As PyTorch wants it before a recording. On one stream always: each keeps the memory that was freed on it."""
        if self.side is None:
            return self.piece(*tensors)
        main = torch.cuda.current_stream()
        self.side.wait_stream(main)
        with torch.cuda.stream(self.side):
            outputs = self.piece(*tensors)
        main.wait_stream(self.side)
        return outputs


def put_graphs(model: Model, record: Callable[..., Any] = Recorded) -> None:
    """Makes the pieces of the model's step graphs. The model is on its device, and prepared, and has done no step."""
    for optimizer in model.parts(torch.optim.Optimizer).values():
        for group in optimizer.param_groups:
            # Read by the graph where they lie. (On a CPU a float32 rate would move float64 steps by 2.5e-8.)
            group["capturable"] = model.device.type == "cuda"
            group["lr"] = torch.tensor(group["lr"], device=model.device)
    pool = side = None
    if model.device.type == "cuda":  # what one piece no longer needs, the next one uses
        pool, side = torch.cuda.graph_pool_handle(), torch.cuda.Stream(model.device)
    for name in model.pieces:
        setattr(model, name, GraphedPiece(getattr(model, name), pool, side, record))


def _shape(tensor: Tensor | None) -> torch.Size | None:
    return None if tensor is None else tensor.shape


def _with_losses_together(outputs: Any) -> Any:
    """The dict of losses, alone or first among other outputs, as names and one tensor: one copy instead of many."""
    losses, *others = outputs if isinstance(outputs, tuple) else (outputs,)
    return list(losses), torch.stack(list(losses.values())), others, isinstance(outputs, tuple)


def _with_fresh_losses(recorded: Any) -> Any:
    """What the piece itself would give. The next replay overwrites pictures; losses are copied, to be read later."""
    names, values, others, several = recorded
    losses = dict(zip(names, values.clone().unbind(), strict=True))
    return (losses, *others) if several else losses

"""Several processes that train one model together, started by torchrun; each has its share of every batch.

Of the others, `step` knows only `model.share`: which pictures of the batch this process has, where it draws a random
number for each picture or sums over them. Between its backward pass and each optimizer's step, the gradients are
replaced by their mean over all processes; the mean loss of equal shares is the loss of the whole batch, so that what
is learnt is what one process would learn from that batch.

PyTorch's DistributedDataParallel averages within the backward pass instead, by counting on which weights a pass
through the wrapped network reaches. Here a discriminator also judges for the generators, an encoder also reads without
learning and not always with both of its heads: no one setting of it is right for all recipes. Plain, it stops at an
encoder whose variance is not used; with find_unused_parameters, at one that is passed through several times; with
static_graph it goes on, with wrong gradients.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from minicyclegan.devices import DeviceError
from minicyclegan.image_pool import ImagePool
from minicyclegan.models import Model
from minicyclegan.share import Share
from minicyclegan.training.shared_norm import share_batch_norms

Result = TypeVar("Result")


class PeerLost(RuntimeError):
    """Another process of the run has ended, so this one can't go on."""


@dataclass(frozen=True)
class Processes:
    """The processes of a run, seen from one of them. Alone, all of this costs nothing and changes nothing.

    rank, count   which one of how many this is; the first alone writes files and speaks
    local_rank    which one of those on its machine
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def first(self) -> bool:
        return self.rank == 0

    @property
    def share(self) -> Share:
        return Share(self.rank, self.count)

    def check_batch(self, batch: int, parts: int = 1) -> None:
        """Raises ValueError, naming --batch, for one that can't be shared out evenly.

        parts   into so many the recipe cuts each batch: every process must have its share of each
        """
        if self.count > 1 and batch % (self.count * parts):
            problem = "leaves some without a picture" if batch < self.count else "can't be shared out evenly"
            cut = f", in {parts} parts each," if parts > 1 else ","
            raise ValueError(
                f"--batch {batch}, for all {self.count} processes together{cut} {problem}: give torchrun another "
                f"number of processes, or a new run a multiple of {self.count * parts}"
            )

    def device(self, device: torch.device) -> torch.device:
        """A GPU for each process. Raises DeviceError where there are too few, or where processes can't share work."""
        if self.count == 1 or device.type == "cpu":
            return device
        if device.type != "cuda":
            raise DeviceError(f"--device {device.type}: for one process only; give --device cpu, or leave torchrun out")
        gpus = torch.cuda.device_count()
        if self.local_rank >= gpus:
            raise DeviceError(
                f"--device cuda: {gpus} on this machine, and more processes; give torchrun --nproc_per_node={gpus}"
            )
        torch.cuda.set_device(self.local_rank)
        return torch.device("cuda", self.local_rank)

    def prepare(self, model: Model) -> None:
        """Makes `step` of a new model one of all processes. Networks are on their device, and not compiled yet."""
        if self.count == 1:
            return
        model.share = self.share
        for pool in model.parts(ImagePool).values():
            # A model has two pools, with seeds one apart.
            pool.generator.manual_seed(pool.generator.initial_seed() + 2 * self.rank)
        fused = next(model.parameters()).is_cuda and getattr(model.config, "gan_loss", None) != "wgangp"
        share_batch_norms(model, lambda x: _Mean.apply(x, self), self.count, fused)
        for optimizer in model.parts(torch.optim.Optimizer).values():
            optimizer.register_step_pre_hook(lambda optimizer, *_: self._average_gradients(optimizer))
        for tensor in [*model.parameters(), *model.buffers()]:
            _collective(dist.broadcast, tensor.data, 0)

    @torch.no_grad()
    def _average_gradients(self, optimizer: torch.optim.Optimizer) -> None:
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if gradients:
            # One message instead of one a weight: its length costs little, its beginning a lot.
            mean = self.mean(torch.cat([gradient.reshape(-1) for gradient in gradients]))
            parts = mean.split([gradient.numel() for gradient in gradients])
            torch._foreach_copy_(gradients, [part.view_as(old) for part, old in zip(parts, gradients, strict=True)])

    def mean(self, x: Tensor) -> Tensor:
        """The mean over all processes, the same in each. Not differentiable; may use the memory of x."""
        if self.count == 1:
            return x
        x = x.contiguous()
        _collective(dist.all_reduce, x)
        return x.div_(self.count)

    def agree(self, *numbers: float) -> list[float]:
        """The largest that any process says, of each of these numbers."""
        if self.count == 1:
            return list(numbers)
        largest = torch.tensor(numbers)
        _collective(dist.all_reduce, largest, dist.ReduceOp.MAX)
        return largest.tolist()

    def states_of_others(self, own: Callable[[], Any]) -> list[Any]:
        """What `own` gives in all processes but the first, in their order, for the first; for the others nothing."""
        if self.count == 1:
            return []
        everyones = [None] * self.count if self.first else None
        _collective(dist.gather_object, None if self.first else own(), everyones)
        return everyones[1:] if everyones else []

    def first_speaks(self) -> None:
        """Ends all but the first process, before what all would say alike."""
        if not self.first:
            raise SystemExit(1)

    def in_turn(self, function: Callable[[], Result]) -> Result:
        """What `function` gives, called on each machine by one process before the others.

        So that a mistake is named once, and what the first keeps on disk is there for the others.
        """
        if self.local_rank > 0:
            self.agree(0)  # waits for the first
        result = function()
        if self.local_rank == 0:
            self.agree(0)
        return result

    @contextlib.contextmanager
    def temporary_folder(self) -> Iterator[Path]:
        """A folder that the processes of a machine have in common, for as long as the context lasts."""
        names = [tempfile.mkdtemp(prefix="minicyclegan-") if self.first else None]
        _collective(dist.broadcast_object_list, names, 0)
        try:
            yield Path(names[0])
            self.agree(0)  # all have read what they want
        finally:
            if self.local_rank == 0:
                shutil.rmtree(names[0], ignore_errors=True)


ALONE = Processes()


@contextlib.contextmanager
def join() -> Iterator[Processes]:
    """The processes that torchrun started with this one, for as long as the context lasts; else this one alone.

    Only the first of them prints. Where one ends before its time, the others end too, the first of them by PeerLost.
    """
    count = int(os.environ.get("WORLD_SIZE", 1)) if "MASTER_ADDR" in os.environ else 1
    if count == 1:
        yield ALONE
        return
    # What decides the run's course is small, and agreed on by the processors: no GPU waits for it.
    nccl = torch.cuda.is_available() and dist.is_nccl_available()
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if nccl else "gloo")
    except RuntimeError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise PeerLost(f"the processes of this run did not find each other ({reason}); start them again") from error
    processes = Processes(dist.get_rank(), dist.get_world_size(), int(os.environ.get("LOCAL_RANK", 0)))
    with contextlib.redirect_stdout(sys.stdout if processes.first else None):  # None: print does nothing
        try:
            yield processes
        except BaseException as error:
            status = (
                error.code or 0 if isinstance(error, SystemExit) else 130 if isinstance(error, KeyboardInterrupt) else 1
            )
            # gloo's threads still wait for the others; an ordinary end of the interpreter now and then aborts at them.
            atexit.register(_leave, status)
            if isinstance(error, PeerLost):
                processes.first_speaks()
            raise
    dist.destroy_process_group()


def _leave(status: int) -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        stream.flush()
    os._exit(status)


def _collective(collective: Callable[..., Any], *arguments: Any) -> None:
    """What all processes do at the same time. Raises PeerLost if one of them is gone."""
    try:
        collective(*arguments)
    except RuntimeError as error:
        # gloo has one kind of error for everything; that the other end is gone, it only says.
        if not any(word in str(error).lower() for word in ("peer", "connection", "socket", "pair", "timeout", "timed")):
            raise
        raise PeerLost("another process of this run has ended; --resume goes on from the last checkpoint") from error


class _Mean(torch.autograd.Function):
    """The mean over all processes; so is its gradient, since all of them look at it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, processes: Processes) -> Tensor:
        ctx.processes = processes
        return processes.mean(x.clone())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _Mean.apply(gradient, ctx.processes), None

"""What a piece of work costs, counted while it runs: operations of its convolutions and matrices, bytes it moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


class Traffic(TorchDispatchMode):
    """Adds up the bytes that PyTorch's operations read and write, forward and backward, each counted by itself.

    What stays in the cache between two operations is counted too: this is what eager PyTorch asks of the memory.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(
        self, operation: Any, types: Any, arguments: tuple = (), keywords: dict | None = None
    ) -> Any:
        results = operation(*arguments, **(keywords or {}))
        if not _only_looks(operation):
            tensors = {id(leaf): leaf for leaf in tree_leaves((arguments, keywords)) if isinstance(leaf, Tensor)}
            written = [leaf for leaf in tree_leaves(results) if isinstance(leaf, Tensor)]
            self.bytes += sum(tensor.nbytes for tensor in [*tensors.values(), *written])
        return results


def _only_looks(operation: Any) -> bool:
    """Whether the results are views of what came in: no number is touched."""
    returned = [value.alias_info for value in operation._schema.returns]
    return any(alias is not None and not alias.is_write for alias in returned)


def count(work: Callable[[], object]) -> tuple[int, int]:
    """Floating point operations of the convolutions and matrix products (2 a multiply-add), and bytes moved.

    What is compiled or a kernel of its own goes uncounted: count the same work written in plain PyTorch.
    """
    with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as operations, Traffic() as traffic:
        work()
    return operations.get_total_flops(), traffic.bytes

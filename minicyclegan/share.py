"""Which pictures of a batch are one process's, where several train one model together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

Whole = TypeVar("Whole", Tensor, Sequence)


@dataclass(frozen=True)
class Share:
    """Every `processes`-th picture from number `rank` on; of one process, all.

    Interleaved, so that the first half of what a process has is its share of the first half of the batch.
    """

    rank: int = 0
    processes: int = 1

    def of(self, whole: Whole) -> Whole:
        """This process's part of something with one entry a picture of the batch."""
        return whole[self.rank :: self.processes]


ALL = Share()

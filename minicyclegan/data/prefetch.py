"""What comes next, made while what came before is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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

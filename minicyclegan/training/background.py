"""What a run need not wait for: writing files and drawing, from copies of what it goes on changing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from torch import Tensor

from minicyclegan.training.run_folder import RunError

QUEUE = 2  # at most so many pieces of work, each with its copy, before the run waits for the first of them


class Background(ThreadPoolExecutor):
    """One thread that does what it is given, in that order. Used as a context, which ends when all is done.

    What a piece of work raises comes out of a later `do`, of `wait`, or at the end, unless the context fails itself.
    """

    def __init__(self) -> None:
        super().__init__(1, thread_name_prefix="background")
        self.pending: deque[Future[None]] = deque()

    def do(self, work: Callable[..., None], *arguments: Any) -> None:
        """Returns at once, unless too much is waiting already."""
        while self.pending and (len(self.pending) >= QUEUE or self.pending[0].done()):
            self.pending.popleft().result()
        self.pending.append(self.submit(work, *arguments))

    def wait(self) -> None:
        while self.pending:
            self.pending.popleft().result()

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            super().__exit__(kind, *error)


def or_say(say: Callable[[str], None], work: Callable[..., None], *arguments: Any) -> None:
    """Does what a run can do without, such as a picture to look at. Where that fails, one line says so."""
    try:
        work(*arguments)
    except (RunError, OSError) as error:
        say(f"warning: {error} (the run does without)")


def copied(state: Any) -> Any:
    """The same nest of dicts and lists, with every tensor copied to the CPU; all else is shared."""
    if isinstance(state, Tensor):
        return state.detach().to("cpu", copy=True)
    if isinstance(state, dict):
        return {key: copied(value) for key, value in state.items()}
    return type(state)(copied(value) for value in state) if isinstance(state, list | tuple) else state

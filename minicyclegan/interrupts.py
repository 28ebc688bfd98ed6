"""Ctrl-C: the first one lets a run save itself or stops a command cleanly, the second one ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

# Windows alone has the last one: no other can be sent there by another program.
STOPPING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


@contextlib.contextmanager
def stop_requests() -> Iterator[list[int]]:
    """A list that fills with the signals that came in and ask for an end, so that a step is never cut in two.

    The second one interrupts at once. Outside the main thread, where signals can't be caught, the list stays empty.
    """
    received: list[int] = []
    old: dict[int, Any] = {}

    def note(number: int, frame: object) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    with contextlib.suppress(ValueError):
        for number in STOPPING:
            old[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def exit_on_signals() -> None:
    """Has a signal to end, and the end of the terminal, leave by SystemExit: temporary files are taken away then, too.

    What is ignored stays so: `nohup`. Outside the main thread, where signals can't be caught, nothing changes.
    """
    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [number for name in names if (number := getattr(signal, name, None))]
    numbers = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def leave(received: int, frame: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)  # a shell sends a second one, which would cut the tidying short
        sys.exit(128 + received)

    if threading.current_thread() is threading.main_thread():
        for number in numbers:
            signal.signal(number, leave)


@contextlib.contextmanager
def second_ctrl_c_ends() -> Iterator[None]:
    """Within it, Ctrl-C raises KeyboardInterrupt as usual, and a second signal ends the process on the spot.

    Python itself acts on a signal only between two of its own steps: it is deaf while a library computes for minutes.
    A thread that the system wakes at each signal is not.
    """
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)

    def listen() -> None:
        heard = 0
        while number := ear.recv(1):
            heard += number[0] in STOPPING
            if heard == 2:
                os.write(2, b"\nended at once\n")
                os._exit(128 + number[0])

    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):  # else it is ignored, as in a shell's background jobs
        signal.signal(signal.SIGINT, signal.default_int_handler)
    waker = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=listen, daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGINT, handler)
        mouth.close()

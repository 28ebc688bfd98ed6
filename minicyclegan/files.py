"""Files that are written whole or not at all, errors that name the file, and locks that nothing leaves behind."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt


class WriteError(OSError):
    """A file that can't be written; the message names it and says why."""


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Raises WriteError where the system refuses to write `path`: the disk is full, the folder is gone, …"""
    try:
        yield
    except Exception as error:
        # PyTorch and Pillow say something of their own when a write fails; the system's error lies behind it.
        cause: BaseException | None = error
        while cause and not isinstance(cause, OSError):
            cause = cause.__context__
        if not cause:
            raise
        reason = cause.strerror or str(cause)
        raise WriteError(f"{path}: can't be written: {reason[:1].lower()}{reason[1:]}") from None


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write into. It takes the place of `path` at the end; until then, and after an error, the old one stays.

    Raises WriteError.
    """
    part = path.with_name(path.name + ".part")
    with write_errors(path):
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise


def write_file(path: Path, content: bytes) -> None:
    """As a whole file. Raises WriteError."""
    with whole_file(path) as file:
        file.write(content)


def write_json(path: Path, content: Any) -> None:
    """As a whole file, for people to read too. Raises WriteError."""
    write_file(path, (json.dumps(content, indent=2) + "\n").encode())


@contextmanager
def locked(path: Path, message: str) -> Iterator[BinaryIO]:
    """Keeps other processes that ask for the same lock out, as long as the context lasts. Makes the file if need be.

    The system holds the lock, and gives it up when this process ends, however it ends, and with it all processes that
    it handed the file to. On a file system without locks, all goes on without. Raises BlockingIOError with `message`
    where another process has the lock, WriteError where there can't be such a file.
    """
    with write_errors(path):
        file = path.open("ab")
    with file:
        try:
            if os.name == "nt":
                file.seek(2**40)  # a byte that nobody reads: what is locked on Windows can't be read
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            raise BlockingIOError(message) from None
        except OSError:
            pass
        yield file

"""What a run's record says of its pictures, so that `--resume` can tell whether they are still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from minicyclegan.data.folders import same_name

# Of each set, by the folder's own letters ("A", "test B", …): of files {name: "bytes digest"}, of drawn ones a digest.
Record = dict[str, dict[str, str] | str]
SHOWN = 3  # names of each kind of change in the one line


def digest(content: bytes | np.ndarray) -> str:
    """The first 16 hexadecimal digits of the SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


def record_files(paths: Sequence[Path], workers: int) -> dict[str, str]:
    """Names, sizes in bytes and digests. Raises OSError for a file that can't be read."""

    def line(path: Path) -> str:
        content = path.read_bytes()
        return f"{len(content)} {digest(content)}"

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(map(same_name, paths), pool.map(line, paths), strict=True))


def changes(before: Record, now: Record) -> str:
    """One line on what is no longer as it was, and what that means; empty if nothing is."""
    found = {name: _difference(before.get(name, {}), now.get(name, {})) for name in sorted(before | now)}
    found = {name: difference for name, difference in found.items() if difference}
    if not found:
        return ""
    learnt_from = [name for name in found if not name.startswith(("test", "val"))]
    if any(_in_order(before.get(name, {})) != _in_order(now.get(name, {})) for name in learnt_from):
        meaning = "the run goes on with what is there now, so its result is not that of a run that never stopped"
    else:
        meaning = "the training pictures and their order are the same, so what is learnt does not change"
    listed = "; ".join(f"{name}: {difference}" for name, difference in found.items())
    return f"the data have changed since the checkpoint ({listed}): {meaning}"


def _difference(before: Mapping[str, str] | str, now: Mapping[str, str] | str) -> str:
    if isinstance(before, str) or isinstance(now, str):
        return "" if before == now else "drawn otherwise, by another version"
    gone, new = before.keys() - now.keys(), now.keys() - before.keys()
    moved = {before[name]: name for name in gone}
    kinds = {
        "added": [name for name in new if now[name] not in moved],
        "removed": [name for name in gone if before[name] not in {now[other] for other in new}],
        "renamed": [f"{moved[now[name]]} to {name}" for name in new if now[name] in moved],
        "replaced": [name for name in before.keys() & now.keys() if before[name] != now[name]],
    }
    return ", ".join(f"{len(names)} {kind} ({_few(names)})" for kind, names in kinds.items() if names)


def _in_order(pictures: Mapping[str, str] | str) -> list[str]:
    return [pictures] if isinstance(pictures, str) else list(pictures.values())


def _few(names: list[str]) -> str:
    return ", ".join(sorted(names)[:SHOWN] + ["…"] * (len(names) > SHOWN))

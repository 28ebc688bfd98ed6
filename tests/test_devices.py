"""devices.py: what a process does with its memory; and what is asked of devices that are not here."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parent.parent


def test_freed_memory_is_kept_where_the_c_library_is_gnus():
    """In a process of its own: it stays so."""
    code = "from minicyclegan.devices import keep_freed_memory; print(keep_freed_memory())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(platform.libc_ver()[0] == "glibc")


def test_what_is_called_of_pytorchs_devices_exists():
    """Most of it runs on a GPU alone, where a slip of the pen would be found late."""
    found = 0
    for path in [*(ROOT / "minicyclegan").rglob("*.py"), *(ROOT / "tests" / "benchmarks").glob("*.py")]:
        for name in re.findall(
            r"\btorch((?:\.(?:cuda|mps|cpu|backends|compiler|_foreach\w*))(?:\.\w+)*)", path.read_text(encoding="utf-8")
        ):
            target = torch
            for part in name.split(".")[1:]:
                target = getattr(target, part, None)
                assert target is not None, f"{path}: torch{name}"
            found += 1
    assert found > 30

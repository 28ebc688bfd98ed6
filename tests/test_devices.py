"""devices.py: what a process does with its memory."""

import platform
import subprocess
import sys


def test_freed_memory_is_kept_where_the_c_library_is_gnus():
    """In a process of its own: it stays so."""
    code = "from minicyclegan.devices import keep_freed_memory; print(keep_freed_memory())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(platform.libc_ver()[0] == "glibc")

"""interrupts.py, with real signals: the first one is told, the second one ends; and none leaves a traceback."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minicyclegan.interrupts import STOPPING, second_ctrl_c_ends, stop_requests

# A command in which Python hears nothing for many minutes, as in a step on a huge batch: one call of a C library.
DEAF = """
import hashlib
from minicyclegan.cli import run
from minicyclegan.interrupts import stop_requests

def main():
    with stop_requests():
        print("begins", flush=True)
        hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
    return 0

run(main, ())
"""


@pytest.mark.parametrize("pause", [0.0, 0.5])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_one_ends_a_command_in_the_midst_of_a_long_computation(number, pause):
    process = subprocess.Popen([sys.executable, "-c", DEAF], stdout=-1, stderr=-1)
    assert process.stdout.readline() == b"begins\n"
    for _ in range(2):
        time.sleep(pause + 0.1)
        assert process.poll() is None
        process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number and errors == b"\nended at once\n"


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="Linux alone says which libraries a process has loaded"
)
@pytest.mark.parametrize("command", ["train", "translate"])
def test_ctrl_c_while_pytorch_is_imported_is_quiet(command):
    process = subprocess.Popen([sys.executable, "-m", f"minicyclegan.{command}"], stdout=-1, stderr=-1)
    maps = Path(f"/proc/{process.pid}/maps")
    while "libtorch" not in maps.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == (b"", b"") and process.returncode == 130


def test_requests_are_collected_and_the_second_one_interrupts():
    before = [signal.getsignal(number) for number in STOPPING]
    with pytest.raises(KeyboardInterrupt), stop_requests() as requests:
        assert requests == []
        signal.raise_signal(signal.SIGTERM)
        assert requests == [signal.SIGTERM]
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(number) for number in STOPPING] == before


def test_signals_are_as_before_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), second_ctrl_c_ends():
        signal.raise_signal(signal.SIGINT)
        time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.set_wakeup_fd(-1) == -1
    with second_ctrl_c_ends():  # one signal each: none is the second
        pass

"""devices.py: what a process does with its memory; and what is asked of devices that are not here."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import torch

from minicyclegan import devices

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


def test_mps_is_chosen_by_itself_only_where_it_computes_what_the_cpu_does(monkeypatch, capsys):
    """There is no MPS here: the CPU plays its part, once as it is, once with a slip, once without an operation."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    played, cpu = devices.small_step, torch.device("cpu")

    def slip(device: torch.device) -> list[torch.Tensor]:
        *others, last = played(cpu)
        return [*others, last * (1 if device.type == "cpu" else 1.01)]

    def lacks(device: torch.device) -> list[torch.Tensor]:
        if device.type == "mps":
            raise NotImplementedError("aten::reflection_pad2d_backward is not implemented for MPS")
        return played(cpu)

    for step, chosen in ((lambda device: played(cpu), "mps"), (slip, "cpu"), (lacks, "cpu")):
        monkeypatch.setattr(devices, "small_step", step)
        assert devices.find_device("auto").type == chosen
        assert ("a first step is not what it is on the CPU" in capsys.readouterr().err) == (chosen == "cpu")
        assert devices.find_device("mps").type == "mps"  # who asks for it gets it


def test_the_step_that_is_compared_has_all_gradients_and_leaves_the_random_numbers_alone():
    state = torch.random.get_rng_state()
    tensors = devices.small_step(torch.device("cpu"))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert len(tensors) > 15 and all(tensor.abs().max() > 0 for tensor in tensors)

"""Every kernel through Triton's compiler, for GPUs that need not be there; the interpreter knows nothing of types."""

from __future__ import annotations

import importlib
import re

import pytest

from tests.kernels.engine import NO_TRITON

triton = pytest.importorskip("triton", reason=NO_TRITON)
KERNELS = [f"{way}_{part}" for way in ("forward", "backward") for part in ("whole", "parts", "finish")]


def compiled(name: str, channels_last: bool, element: str, capability: int, one_tile: bool = False):
    """The kernel for a map of (N, 64, 128, 128), compiled for GPUs of this compute capability (90: 9.0)."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel = getattr(importlib.import_module(f"minicyclegan.kernels.instance_norm_{name.split('_')[0]}"), name)
    constants = {
        "PIXELS": 128 if channels_last else 4096,
        "CHANNELS": 32 if channels_last else 1,
        "CHANNELS_LAST": channels_last,
        "ONE_TILE": one_tile,
        "RESIDUAL": True,
        "SPLITS": 4,
    }
    constants = {key: value for key, value in constants.items() if key in kernel.arg_names}
    signature, aligned = {}, {}
    for place, argument in enumerate(kernel.arg_names):
        if argument in constants:
            signature[argument] = "constexpr"
        elif argument.endswith("_ptr"):
            signature[argument] = "*fp32" if argument in ("statistics_ptr", "parts_ptr") else f"*{element}"
        else:
            signature[argument] = "fp32" if argument in ("slope", "eps") else "i32"
        if argument.endswith("_ptr") or argument in ("channels", "pixels"):
            aligned[(place,)] = [["tt.divisibility", 16]]
    source = ASTSource(kernel, signature, constants, aligned)
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": 8})


@pytest.mark.parametrize("element", ["fp32", "bf16"])
@pytest.mark.parametrize("channels_last", [False, True], ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("name", KERNELS)
def test_maps_are_read_and_written_16_bytes_at_a_time(name, channels_last, element):
    code = compiled(name, channels_last, element, 90).asm["ptx"]
    reads = re.findall(r"(?:ld\.global\.\S*evict\S*|cp\.async\.c[ag]\S*)", code)
    assert reads and all(read.endswith(".v4.b32") or "cp.async.cg" in read for read in reads), reads
    if name.endswith("whole"):
        assert "st.global.v4.b32" in code

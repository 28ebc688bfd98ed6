"""Every kernel through Triton's compiler, for GPUs that need not be there; the interpreter knows nothing of types."""

from __future__ import annotations

import re

import pytest

from tests.kernels.engine import NO_TRITON

triton = pytest.importorskip("triton", reason=NO_TRITON)
KERNELS = ["gather_moments", "normalise", "gather_sums", "differentiate"]


def compiled(name: str, element: str, pad: int, line: int):
    """The kernel for a channels_last map of (N, 64, 128, 128), compiled for GPUs of compute capability 9.0.

    line   bytes of a pixel's channels that a tile takes
    """
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from minicyclegan.kernels import instance_norm_triton

    kernel = getattr(instance_norm_triton, name)
    channels = line // {"fp32": 4, "bf16": 2}[element]
    constants = {"PIXELS": 4096 // channels, "CHANNELS": channels, "SPLITS": 4, "RESIDUAL": True, "PAD": pad}
    constants |= {name: 1 for name in ("x_c", "y_c", "r_c", "g_c", "d_c")}  # Triton makes a stride of 1 a constant
    constants = {key: value for key, value in constants.items() if key in kernel.arg_names}
    signature, aligned = {}, {}
    for place, argument in enumerate(kernel.arg_names):
        if argument in constants:
            signature[argument] = "constexpr"
        elif argument.endswith("_ptr"):
            signature[argument] = "*fp32" if argument in ("statistics_ptr", "parts_ptr") else f"*{element}"
        else:
            signature[argument] = "fp32" if argument in ("slope", "eps") else "i32"
        if argument.endswith(("_ptr", "_n", "_h", "_w")) or argument == "channels":
            aligned[(place,)] = [["tt.divisibility", 16]]
    source = ASTSource(kernel, signature, constants, aligned)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": 8})


@pytest.mark.parametrize("line", [32, 128])  # the plan's least and most
@pytest.mark.parametrize("element", ["fp32", "bf16"])
@pytest.mark.parametrize("pad", [0, 1, 3])
@pytest.mark.parametrize("name", KERNELS)
def test_maps_are_read_and_written_16_bytes_at_a_time(name, pad, element, line):
    if pad and name == "gather_moments":
        return  # it never sees the border
    code = compiled(name, element, pad, line).asm["ptx"]
    assert re.search(r"ld\.global\S*\.v4\.b32|cp\.async\.cg", code)
    if name in ("normalise", "differentiate"):
        assert "st.global.v4.b32" in code

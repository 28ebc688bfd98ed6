"""Where the kernels run: on the GPU of this machine, and without one in Triton's interpreter, in a process of its own.

Triton reads TRITON_INTERPRET once, as it is imported, and then interprets every kernel of the process, PyTorch's own
included. So the tests of kernels are collected on a machine with a GPU or in the process that `test_interpreter.py`
starts for them, and nowhere else.
"""

import importlib.util

import torch

from tests.kernels.engine import INTERPRETED

collect_ignore = []
if importlib.util.find_spec("triton") is None or not (INTERPRETED or torch.cuda.is_available()):
    collect_ignore += ["test_kernels.py"]
if INTERPRETED:
    collect_ignore += ["test_interpreter.py", "test_compiled.py"]

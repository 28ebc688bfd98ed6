"""minicyclegan: GAN image translation, short enough to read and exact enough to trust."""

import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "load", "load_official"]

if TYPE_CHECKING:
    from minicyclegan.shipping.official import load_official
    from minicyclegan.shipping.translator import load

if sys.argv[:1] == ["-m"]:  # Python looks for a command of this package: python -m minicyclegan.train
    # Commands draw into files. The backend that a notebook names, for its own windows, may not be installed here.
    os.environ["MPLBACKEND"] = "agg"
    # Ctrl-C while PyTorch is imported, which takes seconds, ends without a traceback. `cli.run` takes over from here.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))


def __getattr__(name: str) -> Any:
    # Drawing worlds needs no PyTorch, and importing that takes seconds: only what is used is imported.
    homes = {"load": "translator", "load_official": "official"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"minicyclegan.shipping.{homes[name]}"), name)

"""minicyclegan: GAN image translation, short enough to read and exact enough to trust."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "load", "load_official"]

if TYPE_CHECKING:
    from minicyclegan.shipping.official import load_official
    from minicyclegan.shipping.translator import load


def __getattr__(name: str) -> Any:
    # Drawing worlds needs no PyTorch, and importing that takes seconds: only what is used is imported.
    if name == "load":
        from minicyclegan.shipping.translator import load

        return load
    if name == "load_official":
        from minicyclegan.shipping.official import load_official

        return load_official
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The way in to checkpoints of the original PyTorch code."""

from minicyclegan.shipping.official import load_official, recognise

__all__ = ["load_official", "recognise"]

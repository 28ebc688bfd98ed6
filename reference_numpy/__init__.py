"""The networks' mathematics once more, in NumPy alone: the oracle that judges the PyTorch layers."""

from reference_numpy import functional
from reference_numpy.tensor import Tensor, concatenate, grad, no_grad

__all__ = ["Tensor", "concatenate", "functional", "grad", "no_grad"]

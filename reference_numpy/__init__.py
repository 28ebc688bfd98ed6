"""The networks' mathematics once more, in NumPy alone: the oracle that judges the PyTorch layers.

    x = Tensor(array, requires_grad=True); y = functional.conv2d(x, weight, padding=1); y.backward(g); x.grad

Read it in this order: tensor (a graph of operations and its backward sweep), padding, convolution, functional (norms,
activations, losses), nn, networks, optim; gradcheck tells whether a derivative is right.
"""

from reference_numpy import functional, networks, nn, optim
from reference_numpy.tensor import Tensor, concatenate, grad, no_grad

__all__ = ["Tensor", "concatenate", "functional", "grad", "networks", "nn", "no_grad", "optim"]

"""Reverse-mode automatic differentiation over NumPy arrays, higher orders included.

Every operation is one row of `TABLE`: a forward function on arrays, and for each input a vector-Jacobian product
(VJP), which turns the gradient of a scalar loss L with respect to the operation's output y, g = ∂L/∂y, into the
gradient with respect to that input, ∂L/∂x = (∂y/∂x)ᵀ g. No Jacobian is ever built.

The VJPs are themselves written in `Tensor` operations. A first-order sweep runs them under `no_grad`, at NumPy's speed;
with `create_graph=True` they are recorded like any other operation, and can be differentiated again.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

_recording: ContextVar[bool] = ContextVar("recording", default=True)


@contextlib.contextmanager
def _grad_mode(enabled: bool) -> Iterator[None]:
    token = _recording.set(enabled)
    try:
        yield
    finally:
        _recording.reset(token)


def no_grad() -> contextlib.AbstractContextManager[None]:
    """Inside `with no_grad():` operations are computed but not recorded; their results need no gradient."""
    return _grad_mode(False)


def _both_sides(name: str) -> tuple[Callable[[Tensor, Any], Tensor], Callable[[Tensor, Any], Tensor]]:
    return lambda self, other: TABLE[name](self, other), lambda self, other: TABLE[name](other, self)


def _compared(compare: Callable[[Any, Any], np.ndarray]) -> Callable[[Tensor, Any], np.ndarray]:
    def method(self: Tensor, other: Any) -> np.ndarray:
        if not isinstance(other, Tensor | np.ndarray | np.generic | int | float | list | tuple):
            return NotImplemented  # so that x == None is False, and x < None a TypeError
        other = as_tensor(other, self.dtype)
        try:
            return compare(self.data, other.data)
        except ValueError as error:
            raise RuntimeError(f"shapes {self.shape} and {other.shape} cannot be compared: {error}") from error

    return method


class Tensor:
    """An array, its gradient, and where it came from.

    `data` is a float64 or float32 array, shared with the array that was passed in; integers, booleans and lists become
    float64. `grad` is None until `backward` reaches this tensor, if it is a leaf: made by the user, with
    requires_grad=True.

    The backward sweep reads `data` as it is *then*: whoever changes it in place between forward and backward gets the
    gradient at the changed values, without a warning. An optimizer changes it after the backward sweep, which is fine.
    """

    __slots__ = ("__weakref__", "_origin", "data", "grad", "requires_grad")
    __array_ufunc__ = None  # so that `array * tensor` comes here, to __rmul__, rather than running element by element

    def __init__(self, data: Any, requires_grad: bool = False):
        array = np.asarray(data.data if isinstance(data, Tensor) else data)
        self.data: np.ndarray = array if array.dtype.kind == "f" else array.astype(np.float64)
        self.requires_grad = requires_grad
        self.grad: np.ndarray | Tensor | None = None
        self._origin: tuple[Operation, tuple[Tensor, ...], dict[str, Any]] | None = None

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    ndim = property(lambda self: self.data.ndim)
    size = property(lambda self: self.data.size)

    def __repr__(self) -> str:
        return f"Tensor({self.data!r}{', requires_grad=True' if self.requires_grad else ''})"

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad:  # np.concatenate([x, y]), say, would lose the gradient without a word
            raise RuntimeError("a tensor that requires grad becomes an array only through .data or .detach()")
        return np.array(self.data, dtype, copy=copy)

    # Comparisons go element by element and give an array of booleans, which has no gradient; `where` and [] take it.

    __eq__, __ne__, __lt__, __le__, __gt__, __ge__ = map(
        _compared, (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
    )
    __hash__ = object.__hash__  # a tensor is itself, whatever it holds

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self == value))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise RuntimeError(f"a tensor of shape {self.shape} is neither true nor false; compare it, and take .all()")
        return bool(self.data.item())

    def item(self) -> float:
        return self.data.item()

    def detach(self) -> Tensor:
        """The same data, cut off from the graph."""
        return Tensor(self.data)

    # Arithmetic broadcasts as in NumPy and PyTorch; the other operand may be a number, an array or a Tensor.

    __add__, __radd__ = _both_sides("add")
    __sub__, __rsub__ = _both_sides("subtract")
    __mul__, __rmul__ = _both_sides("multiply")
    __truediv__, __rtruediv__ = _both_sides("divide")
    __pow__, __rpow__ = _both_sides("power")

    def __neg__(self):
        return TABLE["negative"](self)

    def __matmul__(self, other):
        return matmul(self, other)

    def __rmatmul__(self, other):
        return matmul(other, self)

    def exp(self) -> Tensor:
        return TABLE["exp"](self)

    def log(self) -> Tensor:
        return TABLE["log"](self)

    def sqrt(self) -> Tensor:
        return TABLE["sqrt"](self)

    def abs(self) -> Tensor:
        """|x|; its subgradient at 0 is 0, as in PyTorch."""
        return TABLE["abs"](self)

    __abs__ = abs

    # Reductions take NumPy's names (axis, keepdims); axis is a number, a tuple, or None for all of them.

    def sum(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return TABLE["sum"](self, axis=_axes(axis, self.ndim), keepdims=keepdims)

    def mean(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return self.sum(axis, keepdims) / _count(self.shape, axis)

    def var(self, axis: int | Sequence[int] | None = None, keepdims: bool = False, correction: int = 1) -> Tensor:
        """Σ(x − x̄)² / (n − correction): PyTorch's default, the unbiased estimate, where NumPy's is correction=0."""
        centred = self - self.mean(axis, keepdims=True)
        return (centred * centred).sum(axis, keepdims) / max(_count(self.shape, axis) - correction, 0)

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        return TABLE["reshape"](self, shape=shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: int) -> Tensor:
        """Two numbers swap these axes (PyTorch); a full list permutes them, and none at all reverses them (NumPy)."""
        if len(axes) == 1 and not isinstance(axes[0], int):
            order = tuple(axes[0])
        elif len(axes) == 2:
            order = list(range(self.ndim))
            order[axes[0]], order[axes[1]] = order[axes[1]], order[axes[0]]
        else:
            order = axes or range(self.ndim)[::-1]
        return TABLE["transpose"](self, order=_axes(order, self.ndim))

    T = property(transpose)

    def __getitem__(self, index: Any) -> Tensor:
        return TABLE["getitem"](self, index=index)

    @staticmethod
    def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
        return concatenate(tensors, axis)

    def astype(self, dtype: Any) -> Tensor:
        return TABLE["astype"](self, dtype=np.dtype(dtype))

    def backward(self, gradient: np.ndarray | Tensor | None = None, *, create_graph: bool = False) -> None:
        """Adds ∂(self · gradient)/∂leaf to `.grad` of every leaf that self depends on.

        `gradient` has self's shape, and may be left out for a single number, where it is 1. `.grad` becomes an array;
        with `create_graph=True` a Tensor, which can be differentiated again (and keeps the graph alive until it is set
        to None). Graphs are never freed by a sweep: a second call adds the same again.
        Raises RuntimeError if self needs no gradient or the shapes differ.
        """
        leaves = [tensor for tensor in _topological_order(self) if tensor._origin is None]
        for leaf, found in zip(leaves, _sweep(self, leaves, gradient, create_graph), strict=True):
            if create_graph:
                leaf.grad = found if leaf.grad is None else found + leaf.grad
            elif leaf.grad is None:
                leaf.grad = found.data.copy()  # found may be a read-only broadcast, or shared with another gradient
            elif isinstance(leaf.grad, Tensor):
                leaf.grad = leaf.grad.data + found.data
            else:
                leaf.grad += found.data


def grad(
    output: Tensor, inputs: Sequence[Tensor], gradient: np.ndarray | Tensor | None = None, *, create_graph: bool = False
) -> list[Tensor]:
    """∂(output · gradient)/∂input for each of `inputs`, leaves or not; no `.grad` is touched.

    As `torch.autograd.grad`. Raises RuntimeError if output does not depend on one of them.
    """
    found = _sweep(output, inputs, gradient, create_graph)
    for position, (tensor, gradient_found) in enumerate(zip(inputs, found, strict=True)):
        if gradient_found is None:
            raise RuntimeError(f"input {position}, of shape {tensor.shape}, was not used to compute the output")
    return found


def _topological_order(root: Tensor) -> list[Tensor]:
    """Every tensor that root was computed from and that needs a gradient, each after all that use it.

    Why an order is needed: in b = a + a, c = b + b, the gradient of b is complete only after both of c's edges; passing
    it on earlier would count paths wrongly. Why a stack of our own: Python's recursion ends after 1,000 operations.
    """
    order: list[Tensor] = []
    visited: set[int] = set()
    stack = [(root, False)]
    while stack:
        tensor, inputs_are_done = stack.pop()
        if inputs_are_done:
            order.append(tensor)
        elif id(tensor) not in visited:
            visited.add(id(tensor))
            stack.append((tensor, True))
            inputs = tensor._origin[1] if tensor._origin else ()
            stack.extend((source, False) for source in inputs if source.requires_grad)
    return order[::-1]


def _sweep(
    root: Tensor, targets: Sequence[Tensor], gradient: np.ndarray | Tensor | None, create_graph: bool
) -> list[Tensor | None]:
    """One reverse sweep; gradients live in a local dict, so that sweeps never see each other's."""
    if not root.requires_grad:
        raise RuntimeError("the tensor does not require grad: no input of its computation has requires_grad=True")
    if gradient is None:
        if root.size != 1:
            raise RuntimeError(f"grad can be implicitly created only for scalar outputs, not for shape {root.shape}")
        gradient = np.ones(root.shape, root.dtype)
    gradient = as_tensor(gradient, root.dtype)
    if gradient.shape != root.shape:
        raise RuntimeError(f"shape mismatch: the gradient has shape {gradient.shape}, the output {root.shape}")

    order = _topological_order(root)
    wanted = {id(tensor) for tensor in targets}
    on_the_way = set(wanted)  # everything computed from a target; VJPs that lead nowhere else are not run
    for tensor in reversed(order):
        if tensor._origin and any(id(source) in on_the_way for source in tensor._origin[1]):
            on_the_way.add(id(tensor))

    gradients = {id(root): gradient}
    with _grad_mode(create_graph):
        for tensor in order:
            if tensor._origin is None or id(tensor) not in on_the_way:
                continue
            g = gradients[id(tensor)] if id(tensor) in wanted else gradients.pop(id(tensor))
            operation, inputs, static = tensor._origin
            for vjp, source in zip(operation.vjps, inputs, strict=True):
                if source.requires_grad and id(source) in on_the_way:
                    part = unbroadcast(vjp(g, tensor, *inputs, **static), source.shape)
                    part = part if part.dtype == source.dtype else part.astype(source.dtype)
                    before = gradients.get(id(source))
                    gradients[id(source)] = part if before is None else before + part
    return [gradients.get(id(tensor)) for tensor in targets]


def unbroadcast(gradient: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sums a gradient over the axes along which an input of this shape was repeated by broadcasting."""
    if gradient.shape == shape:
        return gradient
    new = gradient.ndim - len(shape)
    repeated = [new + k for k, length in enumerate(shape) if length == 1 and gradient.shape[new + k] != 1]
    return gradient.sum((*range(new), *repeated)).reshape(shape)


@dataclass(frozen=True, eq=False)
class Operation:
    """`forward` works on arrays. `vjps` has one function per input, (g, y, *inputs, **static) -> Tensor, whose result
    may still have the shape that broadcasting gave the input: the sweep applies `unbroadcast` to all of them."""

    name: str
    forward: Callable[..., np.ndarray]
    vjps: Sequence[Callable[..., Tensor]]

    def __call__(self, *inputs: Any, **static: Any) -> Tensor:
        dtype = next((x.dtype for x in inputs if isinstance(x, Tensor)), np.float64)
        tensors = tuple(as_tensor(value, dtype) for value in inputs)
        try:
            with np.errstate(all="ignore"):  # log(0) is −inf, silently, as in PyTorch
                result = Tensor(self.forward(*(tensor.data for tensor in tensors), **static))
        except ValueError as error:
            shapes = " and ".join(str(tensor.shape) for tensor in tensors)
            raise RuntimeError(f"{self.name} does not take shape {shapes}: {error}") from error
        if _recording.get() and any(tensor.requires_grad for tensor in tensors):
            result.requires_grad = True
            result._origin = (self, tensors, static)
        return result


def as_tensor(value: Any, dtype: Any = np.float64) -> Tensor:
    """Floating-point arrays keep their dtype; numbers, lists, integers and booleans take the given one."""
    if isinstance(value, Tensor):
        return value
    is_float_array = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return Tensor(value if is_float_array else np.asarray(value, dtype))


def _axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int | np.integer) else axis
    for one in axes:
        if not -ndim <= one < ndim:
            raise IndexError(f"axis {one} is out of range for {ndim} dimensions")
    return tuple(one % ndim for one in axes)


def _count(shape: tuple[int, ...], axis: int | Sequence[int] | None) -> int:
    return math.prod(shape[one] for one in _axes(axis, len(shape)))


def _expand(gradient: Tensor, like: Tensor, axis: tuple[int, ...]) -> Tensor:
    """Undoes a sum over `axis`: every summand gets the sum's gradient."""
    kept = tuple(1 if k in axis else length for k, length in enumerate(like.shape))
    return TABLE["broadcast_to"](gradient.reshape(kept), shape=like.shape)


def _scatter(gradient: np.ndarray, index: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of this shape, with `gradient` added at `index`; an element that is indexed twice gets the sum."""
    result = np.zeros(shape, gradient.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is Ellipsis or isinstance(part, int | slice) for part in parts):
        result[index] = gradient
    else:
        np.add.at(result, index, gradient)
    return result


def where(condition: np.ndarray, a: Any, b: Any) -> Tensor:
    """a where the condition (an array of booleans) holds, b elsewhere; broadcasts.

    As in PyTorch the one that is not taken is differentiated too, with a gradient of 0: its slope must be finite.
    """
    return TABLE["where"](a, b, condition=condition)


def matmul(a: Any, b: Any) -> Tensor:
    """a @ b: vectors, matrices, and stacks of matrices whose leading dimensions broadcast."""
    a, b = as_tensor(a), as_tensor(b)
    if a.ndim == 0 or b.ndim == 0:
        raise RuntimeError(f"matmul needs at least one dimension on both sides, but got shapes {a.shape} and {b.shape}")
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise RuntimeError(f"shapes {a.shape} and {b.shape} cannot be multiplied")
    rows = a.reshape(1, -1) if a.ndim == 1 else a  # a vector on the left is a row, on the right a column
    columns = b.reshape(-1, 1) if b.ndim == 1 else b
    product = TABLE["matmul"](rows, columns)
    shape = product.shape if a.ndim > 1 else (*product.shape[:-2], product.shape[-1])
    return product.reshape(shape if b.ndim > 1 else shape[:-1])


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Joins along an axis that exists already; every other axis must agree."""

    def slice_of(part: int) -> Callable[..., Tensor]:
        def vjp(g: Tensor, y: Tensor, *inputs: Tensor) -> Tensor:
            k = axis % y.ndim
            start = sum(one.shape[k] for one in inputs[:part])
            return g[(slice(None),) * k + (slice(start, start + inputs[part].shape[k]),)]

        return vjp

    vjps = [slice_of(part) for part in range(len(tensors))]
    return Operation("concatenate", lambda *arrays: np.concatenate(arrays, axis), vjps)(*tensors)


# One row per operation: the forward function on arrays, then one VJP per input.
# g is ∂L/∂y, y the operation's output, a and b its inputs.
_ROWS: dict[str, tuple[Callable[..., Any], ...]] = {
    "add": (np.add, lambda g, y, a, b: g, lambda g, y, a, b: g),
    "subtract": (np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g),
    "multiply": (np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    "divide": (np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b),
    "power": (
        np.power,
        # b · aᵇ⁻¹ where a and b are 0, and aᵇ · log a where a is 0, are 0 · ∞ and meant as 0. A finite number stands in
        # for the ∞: a NaN that is only masked afterwards comes back at the next order.
        lambda g, y, a, b: g * b * a ** where((a.data == 0) & (b.data == 0), 1.0, b - 1),
        lambda g, y, a, b: g * y * where((a.data == 0) & (b.data >= 0), 1.0, a).log(),
    ),
    "negative": (np.negative, lambda g, y, a: -g),
    "matmul": (
        np.matmul,
        lambda g, y, a, b: g @ b.transpose(-1, -2),
        lambda g, y, a, b: a.transpose(-1, -2) @ g,
    ),
    "exp": (np.exp, lambda g, y, a: g * y),
    "log": (np.log, lambda g, y, a: g / a),
    "sqrt": (np.sqrt, lambda g, y, a: g / (2 * y)),
    "abs": (np.abs, lambda g, y, a: g * np.sign(a.data)),
    "sum": (
        lambda a, axis, keepdims: np.sum(a, axis, keepdims=keepdims),
        lambda g, y, a, axis, keepdims: _expand(g, a, axis),
    ),
    "where": (
        lambda a, b, condition: np.where(condition, a, b),
        lambda g, y, a, b, condition: where(condition, g, 0.0),
        lambda g, y, a, b, condition: where(condition, 0.0, g),
    ),
    "reshape": (lambda a, shape: a.reshape(shape), lambda g, y, a, shape: g.reshape(a.shape)),
    "broadcast_to": (lambda a, shape: np.broadcast_to(a, shape), lambda g, y, a, shape: g),
    "transpose": (
        lambda a, order: a.transpose(order),
        lambda g, y, a, order: g.transpose(tuple(order.index(k) for k in range(len(order)))),
    ),
    "getitem": (
        lambda a, index: a[index],
        lambda g, y, a, index: TABLE["scatter"](g, index=index, shape=a.shape),
    ),
    "scatter": (_scatter, lambda g, y, a, index, shape: g[index]),
    "astype": (lambda a, dtype: a.astype(dtype), lambda g, y, a, dtype: g),
}
TABLE = {name: Operation(name, forward, vjps) for name, (forward, *vjps) in _ROWS.items()}

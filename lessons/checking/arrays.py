"""Whatever an answer returns, as NumPy arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Named = Mapping[str, np.ndarray]


def arrays(result: Any) -> dict[str, np.ndarray]:
    """NumPy arrays, this project's or PyTorch's tensors, numbers, and nested tuples or dicts of these, by name.

    Raises TypeError or ValueError where it holds anything else.
    """
    if isinstance(result, Mapping):
        parts = [(str(name), value) for name, value in result.items()]
    elif isinstance(result, tuple | list) and not _is_numbers(result):
        parts = [(f"part {number + 1}", value) for number, value in enumerate(result)]
    else:
        return {"": _array(result)}
    return {" ".join(filter(None, (outer, inner))): a for outer, v in parts for inner, a in arrays(v).items()}


def form(result: Any) -> str:
    """What kind of thing it is, in words."""
    if result is None:
        return "None"
    if isinstance(result, Mapping):
        return f"a dictionary of {', '.join(map(str, list(result)[:5]))}{', …' * (len(result) > 5)}"
    if isinstance(result, tuple | list) and not _is_numbers(result):
        return f"{len(result)} part{'s' * (len(result) != 1)}"
    try:
        return "one array" if _array(result).shape else "one number"
    except (TypeError, ValueError):
        return f"a {type(result).__name__} that is no array of numbers"


def close(given: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    """Element by element; the tolerance is a share of the largest expected value."""
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    return np.isclose(given, expected, rtol=tolerance, atol=tolerance * largest, equal_nan=True)


def arranged_as(right: Named, given: Named) -> Named:
    """What was given, as one array if that is expected and it came in parts of one shape, and the other way round."""
    parts = [f"part {number + 1}" for number in range(max(len(right), len(given)))]
    whole = given.get("")
    if list(right) == [""] and list(given) == parts and len({part.shape for part in given.values()}) == 1:
        return {"": np.stack(list(given.values()))}
    if list(right) == parts and whole is not None and whole.ndim and len(whole) == len(parts):
        return dict(zip(parts, whole, strict=True))
    return given


def _is_numbers(value: Any) -> bool:
    """A number, or lists of numbers, however deep."""
    return isinstance(value, int | float | np.number) or (
        isinstance(value, tuple | list) and all(_is_numbers(inner) for inner in value)
    )


def _array(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor of PyTorch's, or this project's
        value = value.detach()
    value = (
        getattr(value, "data", value) if not isinstance(value, np.ndarray) and not hasattr(value, "numpy") else value
    )
    array = np.asarray(value.cpu().numpy() if hasattr(value, "cpu") else value)
    if array.dtype.kind not in "biuf":
        raise TypeError(array.dtype)
    return array.astype(np.float64)

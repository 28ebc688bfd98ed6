"""For answers of several parts: each part with its name, so that a check can say which one is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def by_name(*names: str) -> Callable[..., Any]:
    """What an exercise may observe: as many results as there are names, by name; anything else as it is."""

    def observe(answer: Callable[..., Any], *arguments: Any) -> Any:
        result = answer(*arguments)
        if isinstance(result, tuple | list | np.ndarray) and len(result) == len(names):
            return dict(zip(names, result, strict=True))
        return result

    return observe

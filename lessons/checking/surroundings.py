"""What an answer has to leave as it was: the settings that everything shares, and what it was given to work on."""

from __future__ import annotations

import contextlib
import copy
import linecache
import os
import random
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn


class Setting(NamedTuple):
    """Something of which there is one, for all that runs; `changed` and `instead` are the two halves of a sentence."""

    read: Callable[[], Any]
    write: Callable[[Any], Any]
    changed: str
    instead: str


def _figure_settings() -> dict[str, Any]:
    """Without the backend, which is found out late, and interactive mode, which belongs to it."""
    settings = dict.copy(sys.modules["matplotlib"].rcParams) if "matplotlib" in sys.modules else {}
    return {name: value for name, value in settings.items() if name not in ("backend", "interactive")}


def _set_figures(settings: dict[str, Any]) -> None:
    if settings:
        sys.modules["matplotlib"].rcParams.update(settings)


def _filters_of_all_warnings() -> list[str]:
    """Not the filters for one kind of warning, which many a library adds when it is imported."""
    return [
        action for action, text, kind, module, _ in warnings.filters if (text, kind, module) == (None, Warning, None)
    ]


SETTINGS = (
    Setting(
        torch.is_grad_enabled,
        torch.set_grad_enabled,
        "PyTorch's gradients stay switched off",
        "torch.no_grad() as a block switches them off and back on",
    ),
    Setting(
        np.geterr,
        lambda old: np.seterr(**old),
        "NumPy's way with errors (np.seterr) stays changed",
        "np.errstate(…) as a block changes it and changes it back",
    ),
    Setting(
        torch.get_default_dtype,
        torch.set_default_dtype,
        "PyTorch's default type stays changed",
        "tell each tensor its type, dtype=…",
    ),
    Setting(os.getcwd, os.chdir, "the working directory stays changed (os.chdir)", "give a file its whole path"),
    Setting(
        _filters_of_all_warnings,
        lambda old: None,
        "the filter of all warnings stays changed",
        "warnings.catch_warnings() as a block switches them back",
    ),
    Setting(
        _figure_settings,
        _set_figures,
        "matplotlib's settings stay changed",
        "plt.rc_context(…) as a block changes them and changes them back",
    ),
    Setting(
        lambda: (sys.stdout, getattr(sys.stdout, "closed", False)),
        lambda old: setattr(sys, "stdout", old[0]),
        "sys.stdout stays closed or exchanged",
        "leave it as it is",
    ),
)


def read_settings() -> list[Any]:
    return [setting.read() for setting in SETTINGS]


def restore_settings(before: Sequence[Any]) -> list[str]:
    """What was changed since they were read, each in one sentence; it is changed back."""
    said = []
    for setting, old in zip(SETTINGS, before, strict=True):
        if old != {} and setting.read() != old:  # {} where matplotlib came only now
            setting.write(old)
            said.append(f"{setting.changed} after it, for everything that comes later; {setting.instead}")
    return said


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, the settings of a fresh Python and the same random numbers every time; outside, all goes on as before."""
    old_numpy = np.random.mtrand._rand  # the one generator that all answers share, if they ask for none of their own
    before = read_settings(), random.getstate(), old_numpy.get_state(), torch.get_rng_state()
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        try:
            torch.set_grad_enabled(True)
            torch.set_default_dtype(torch.float32)
            random.seed(0)
            old_numpy.seed(0)
            torch.default_generator.manual_seed(0)
            yield
        finally:
            restore_settings(before[0])
            random.setstate(before[1])
            old_numpy.set_state(before[2])
            torch.set_rng_state(before[3])


# What an answer may do to something it was given. Whatever the right answer does as well is no fault.
EFFECTS = {
    "values": "it changed its own input; work on a copy, or make a new one",
    "weights": "it changes {name}'s weights",
    "statistics": "{name}'s batch norms learn from it: their running statistics change, which eval() prevents",
    "mode": "afterwards {name} is not in the mode it came in; train() or eval() puts it back",
    "frozen": "afterwards {name} has another requires_grad than it came with; set it back",
    "gradients": "it leaves a gradient in {name} (.grad), which would be added to the next one; backward leaves one "
    "wherever it passes, torch.autograd.grad only returns it",
    "reached": "it sends a gradient into {name}, even if it throws it away afterwards",
}
Effect = tuple[str, str]  # one of EFFECTS, and the name of what it was done to


def in_words(effects: set[Effect]) -> str:
    """The one that is to be told first."""
    kind, name = min(effects, key=lambda effect: (list(EFFECTS).index(effect[0]), effect[1]))
    return EFFECTS[kind].format(name=name)


@contextlib.contextmanager
def watch(names: Sequence[str], arguments: Sequence[Any], effects: set[Effect]) -> Iterator[None]:
    """Adds to `effects` what the block did to the arguments."""
    named = {}
    for name, value in zip(names, arguments, strict=False):
        several = isinstance(value, tuple | list) and any(isinstance(one, nn.Module) for one in value)
        named |= {f"{name}[{number}]": one for number, one in enumerate(value)} if several else {name: value}
    before = {name: _facts(value) for name, value in named.items()}
    hooks = [
        weight.register_hook(lambda _, name=name: effects.add(("reached", name)))
        for name, value in named.items()
        if isinstance(value, nn.Module)
        for weight in value.parameters()
        if weight.requires_grad
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for name, value in named.items():
            now = _facts(value)
            effects |= {(kind, name) for kind, old in before[name].items() if not _same(old, now.get(kind))}


def _facts(value: Any) -> dict[str, list]:
    """By kind of effect, all that it could change."""
    if isinstance(value, nn.Module):
        weights = list(value.parameters())
        return {
            "weights": [_copy(weight) for weight in weights],
            "statistics": [_copy(buffer) for buffer in value.buffers()],
            "mode": [module.training for module in value.modules()],
            "frozen": [weight.requires_grad for weight in weights],
            "gradients": [_copy(weight.grad) for weight in weights],
        }
    if isinstance(value, torch.Tensor):
        return {"values": [_copy(value)], "frozen": [value.requires_grad], "gradients": [_copy(value.grad)]}
    if isinstance(value, np.ndarray | Mapping | list | tuple):
        return {"values": [copy.deepcopy(value)]}
    return {}


def _copy(tensor: torch.Tensor | None) -> np.ndarray | None:
    return None if tensor is None else tensor.detach().cpu().double().numpy().copy()


def _same(before: Any, after: Any) -> bool:
    """Arrays may differ by rounding, as they do where something was added and taken off again."""
    if before is None or after is None:
        return before is after
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        if before.dtype.kind not in "fc" or after.dtype.kind not in "fc":
            return np.array_equal(before, after)
        return before.shape == after.shape and np.allclose(before, after, rtol=1e-6, atol=1e-9, equal_nan=True)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        before, after = dict(before), dict(after)
        return before.keys() == after.keys() and all(_same(value, after[key]) for key, value in before.items())
    if isinstance(before, list | tuple) and type(before) is type(after):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, int | float | str):
        return type(before) is type(after) and before == after
    return True


def their_line(error: BaseException, names: Mapping[str, Any], cell: str = "") -> str:
    """The last line of the student's code that the error came through, "line 3: y = x @ w"; empty if there is none.

    `names` are the global names of that code. A line of the file `cell` comes first, where there is one.
    """
    steps = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_globals is names]
    steps = [step for step in steps if step[0].f_code.co_filename == cell] or steps
    if not steps:
        return ""
    frame, number = steps[-1]
    text = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    return f"line {number}: {text}" if text else f"line {number}"

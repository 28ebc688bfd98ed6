"""Lesson 1's fourth exercise: a backward sweep through a graph, in an order that waits for every part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from checking.engine import Exercise, Mistake
from reference_numpy import Tensor, grad

# Task 1.4: gradients(graph, root), where graph[name] lists (input, local derivative)

Graph = Mapping[str, Sequence[tuple[str, float]]]


def _gradients(graph: Graph, root: str) -> dict[str, float]:
    """By the reference: each node is a sum of its inputs times their local derivatives."""
    nodes: dict[str, Tensor] = {}
    waiting = [root]
    while waiting:
        name = waiting[-1]
        if name in nodes:
            waiting.pop()
            continue
        missing = [source for source, _ in graph[name] if source not in nodes]
        if missing:
            waiting += missing
            continue
        terms = [nodes[source] * derivative for source, derivative in graph[name]]
        nodes[name] = sum(terms[1:], terms[0]) if terms else Tensor(0.0, requires_grad=True)
    return {name: float(g.data) for name, g in zip(nodes, grad(nodes[root], list(nodes.values())), strict=True)}


def _walk(first_in: bool, once: bool, whole: bool, adds: bool = True, local: bool = True) -> Callable[..., Any]:
    """A sweep that hands gradients on as soon as it meets a node.

    first_in: a queue, rather than a stack; once: a node is handled the first time only; whole: hands on all that has
    arrived so far, not just the new part; adds: rather than overwrites; local: multiplies by the local derivative.
    """

    def gradients(graph: Graph, root: str) -> dict[str, float]:
        found, handled, waiting = {root: 1.0}, set(), [(root, 1.0)]
        while waiting:
            name, new = waiting.pop(0 if first_in else -1)
            if once and name in handled:
                continue
            handled.add(name)
            for source, derivative in graph[name]:
                part = (found[name] if whole else new) * (derivative if local else 1.0)
                found[source] = found.get(source, 0.0) + part if adds else part
                waiting.append((source, part))
        return found

    return gradients


def _straight_through(graph: Graph, root: str) -> dict[str, float]:
    """Goes into an input before it has taken the next edge, with all that has arrived there."""
    found = {name: 0.0 for name in graph} | {root: 1.0}

    def hand_on(name: str) -> None:
        for source, derivative in graph[name]:
            found[source] += derivative * found[name]
            hand_on(source)

    hand_on(root)
    return found


def _in_order(
    graph: Graph,
    root: str,
    adds: bool = True,
    local: bool = True,
    chained: bool = True,
    order: Callable[[list[str]], Sequence[str]] = lambda names: names[::-1],
) -> dict[str, float]:
    """`order` gets the names as the reference lists them, inputs first."""
    found = dict.fromkeys(graph, 0.0) | {root: 1.0}
    for name in order(list(_gradients(graph, root))):
        for source, derivative in graph[name]:
            part = (found[name] if chained else 1.0) * (derivative if local else 1.0)
            found[source] = found[source] + part if adds else part
    return found


# The order of the keys says nothing.
_DOUBLED: Graph = {"c": [("b", 1.0), ("b", 1.0)], "a": [], "b": [("a", 1.0), ("a", 1.0)]}
_SHORT_AND_LONG: Graph = {
    "u": [("x", 3.0), ("w", -0.5)],
    "x": [],
    "v": [("u", 2.0), ("x", 0.7)],
    "w": [],
    "loss": [("u", 0.4), ("v", -1.5), ("x", 5.0)],
}
_LONG_AND_SHORT: Graph = {name: inputs[::-1] for name, inputs in _SHORT_AND_LONG.items()}
_LENGTH = 5000
_CHAIN: Graph = {str(k): [(str(k - 1), 1.0 + (-1) ** k * 1e-3)] for k in range(_LENGTH, 0, -1)} | {"0": []}
_CHAIN_FROM_THE_LEAF: Graph = {name: _CHAIN[name] for name in reversed(_CHAIN)}
_TWICE_BY_ONE: Graph = {"a": [], "b": [("a", 2.0)], "d": [("b", -3.0)], "r": [("d", 0.5), ("b", 1.5), ("b", 0.25)]}


class _TooManySteps(Exception):
    """Each node has been looked up a thousand times."""


class _Counting(dict):
    """A graph that ends an answer which walks its paths one by one, before that takes for ever."""

    lookups = 0

    def __getitem__(self, name: str) -> Any:
        self.lookups += 1
        if self.lookups > 1000 * len(self):
            raise _TooManySteps
        return super().__getitem__(name)


# A million paths: hopeless to count on with more doublings, and a second or two for who gets round the counting.
_DOUBLINGS: Graph = _Counting({str(k): [(str(k - 1), 0.5), (str(k - 1), 0.75)] for k in range(20, 0, -1)} | {"0": []})


def _of_a_chain_only_the_end(answer: Callable[..., Any], graph: Graph, root: str) -> Any:
    try:
        found = answer(graph, root)
    except _TooManySteps:
        return {"0": np.nan}
    except RecursionError:
        if len(graph) < _LENGTH:
            raise
        return {"0": np.nan}
    if len(graph) < _LENGTH or not isinstance(found, Mapping):
        return found
    return {name: found[name] for name in ("0",) if name in found}


def _recursive(graph: Graph, root: str) -> dict[str, float]:
    if len(graph) >= _LENGTH:
        raise RecursionError
    return _gradients(graph, root)


def _recursive_from_the_leaf(graph: Graph, root: str) -> dict[str, float]:
    if len(graph) >= _LENGTH and next(iter(graph)) == "0":
        raise RecursionError
    return _gradients(graph, root)


def _every_path(graph: Graph, root: str) -> dict[str, float]:
    if isinstance(graph, _Counting):
        raise _TooManySteps
    return _gradients(graph, root)


def _users_once(graph: Graph, root: str) -> dict[str, float]:
    """Waits for as many parts as there are users, though a user may send two."""
    users = {name: sum(name in dict(inputs) for inputs in graph.values()) for name in graph if len(graph) < _LENGTH}
    if not users:
        return _gradients(graph, root)
    found, ready = dict.fromkeys(graph, 0.0) | {root: 1.0}, [root]
    while ready:
        name = ready.pop()
        for source, derivative in graph[name]:
            found[source] += derivative * found[name]
            users[source] -= 1
            if users[source] == 0:
                ready.append(source)
    return found


_ENDLESS = (
    f"This looks right until the graph is deep: Python's recursion ends before {_LENGTH} nodes do. A list "
    "of what is still to do has no such end."
)
_WAIT = "Hand a gradient on only when everything that uses the node has sent its part."

gradients = Exercise(
    "1.4",
    reference=_gradients,
    inputs=[
        (_DOUBLED, "c"),
        (_SHORT_AND_LONG, "loss"),
        (_LONG_AND_SHORT, "loss"),
        (_TWICE_BY_ONE, "r"),
        (_DOUBLINGS, "20"),
        (_CHAIN, str(_LENGTH)),
        (_CHAIN_FROM_THE_LEAF, str(_LENGTH)),
    ],
    mistakes=(
        Mistake(_ENDLESS, _recursive),
        Mistake(_ENDLESS, _recursive_from_the_leaf),
        Mistake(
            "This looks right, but walks every path by itself; 20 nodes, each used twice by the next, have a million. "
            "Visit a node once.",
            _every_path,
        ),
        Mistake(
            "This looks like a node that waits for each of its users once; a user with two edges sends two parts.",
            _users_once,
        ),
        Mistake(
            "This looks like two edges to the same input that count as one; was the list made a dictionary?",
            lambda graph, root: _gradients({name: list(dict(inputs).items()) for name, inputs in graph.items()}, root),
        ),
        Mistake(
            "This looks like gradients that overwrite each other; a node that is used twice gets both parts' sum.",
            lambda graph, root: _in_order(graph, root, adds=False),
        ),
        Mistake(
            "This looks like gradients handed on unchanged; each edge multiplies by its local derivative.",
            lambda graph, root: _in_order(graph, root, local=False),
        ),
        Mistake(
            f"This looks like a sweep in the order of the dictionary's keys, which says nothing. {_WAIT}",
            lambda graph, root: _in_order(graph, root, order=lambda names: list(graph)),
        ),
        Mistake(
            f"This looks like a sweep in the alphabet's order, which says nothing. {_WAIT}",
            lambda graph, root: _in_order(graph, root, order=lambda names: sorted(names, reverse=True)),
        ),
        Mistake(
            "This looks like a sweep that starts at the leaves; gradients begin at the root. Turn the order round.",
            lambda graph, root: _in_order(graph, root, order=lambda names: names),
        ),
        Mistake(
            "This looks like local derivatives added up; along a path they are multiplied with what has come so far.",
            lambda graph, root: _in_order(graph, root, chained=False),
        ),
        Mistake(
            "This looks like a root whose own gradient is 0; what is ∂root/∂root?",
            lambda graph, root: dict.fromkeys(graph, 0.0),
        ),
        Mistake(
            "This holds the leaves alone; asked for is every node of the graph.",
            lambda graph, root: {name: part for name, part in _gradients(graph, root).items() if not graph[name]},
        ),
        Mistake(
            f"This looks like a node that sends on all it has whenever a part arrives. {_WAIT}",
            _straight_through,
        ),
        Mistake(
            f"This looks like a node that sends on all it has whenever a part arrives. {_WAIT}",
            _walk(first_in=True, once=False, whole=True),
        ),
        Mistake(
            f"This looks like a node that sends on all it has whenever a part arrives. {_WAIT}",
            _walk(first_in=False, once=False, whole=True),
        ),
        Mistake(
            f"This looks like a breadth-first walk: a node is done when it is first met, before all has come. {_WAIT}",
            _walk(first_in=True, once=True, whole=True),
        ),
        Mistake(
            f"This looks like a depth-first walk: a node is done when it is first met, before all has come. {_WAIT}",
            _walk(first_in=False, once=True, whole=True),
        ),
    ),
    observe=_of_a_chain_only_the_end,
)

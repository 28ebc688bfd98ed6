"""Which step of a run was best: a rule on its validation scores, and the weights of the steps that can still win."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from minicyclegan.models import Model
from minicyclegan.training.background import copied

Scores = Sequence[tuple[int, float]]  # of steps, in their order; the lower, the better


def standings(scores: Scores) -> list[float]:
    """What each score counts for: the running median of three, or itself where it is worse.

    So a lucky moment counts for no more than the better of its neighbours, and an unlucky one gains nothing from them.
    The first score counts for no more than the median beside it. The last counts for no more than that either or,
    where a run gets better and better, than the line through the last two medians says of its place (Tukey 1977,
    Exploratory Data Analysis, on end values). One score or two count for themselves.
    """
    values = [score for _, score in scores]
    if len(values) < 3:
        return values
    medians = [values[0], *(median(values[i - 1 : i + 2]) for i in range(1, len(values) - 1))]
    last = min(medians[-1], 3 * medians[-1] - 2 * medians[-2])
    return [max(own, smooth) for own, smooth in zip(values, [medians[1], *medians[1:], last], strict=True)]


def best_step(scores: Scores) -> int | None:
    """The step of the lowest standing, of equal ones the first, of zeros the last; None without a score."""
    return scores[lowest(standings(scores))][0] if scores else None


def can_win(scores: Scores) -> set[int]:
    """The steps that can be the best one yet, whatever scores come: all standings but the last one's are settled."""
    if len(scores) < 3:
        return {step for step, _ in scores}
    return {scores[lowest(standings(scores)[:-1])][0], scores[-1][0]}


def lowest(values: Sequence[float]) -> int:
    """Its place; of equal ones the first. But what is 0 can't be told from real pictures: the last has learned most."""
    first = min(range(len(values)), key=values.__getitem__)
    return first if values[first] else max(place for place, value in enumerate(values) if not value)


class Candidates:
    """The weights of the steps that can win, in memory and in the checkpoint: step -> what `best.pt` would hold."""

    def __init__(self, scores: list[tuple[int, float]], weights: dict[int, Any]):
        self.scores, self.weights = scores, weights
        self.written: int | None = None

    def add(self, step: int, score: float, model: Model, write: Callable[[int, Any], None]) -> None:
        """Takes a step up, and writes the weights of the best one, if that is another than before."""
        self.scores.append((step, score))
        best, left = best_step(self.scores), can_win(self.scores)
        # A new dict: the one of before may be on its way into a checkpoint.
        weights = {**self.weights, step: weights_at_best(model)}
        self.weights = {step: kept for step, kept in weights.items() if step in left}
        if best != self.written and best in self.weights:
            self.written = best
            write(best, self.weights[best])


def weights_at_best(model: Model) -> dict[str, Any]:
    """Of all networks but the discriminators: their averages, where they are kept. Copies, on the CPU."""
    names = [name for name, _ in model.named_children() if name not in model.judges]
    return copied(
        {f"{name}.{key}": value for name in names for key, value in model.at_its_best(name).state_dict().items()}
    )

"""training/best.py: the rule that chooses a step, and that what is kept on the way is enough to write that step."""

import random

import pytest
import torch

from minicyclegan.models import MODELS, build
from minicyclegan.training.best import Candidates, best_step, can_win, standings, weights_at_best

CONFIGS = {
    "cyclegan": MODELS["cyclegan"].config(width=2, disc_width=2, blocks=0, disc_layers=1),
    "bicyclegan": MODELS["bicyclegan"].config(
        width=2, disc_width=2, encoder_width=2, depth=2, disc_layers=1, disc_scales=1, encoder_blocks=1
    ),
}


def steps(*scores: float) -> list[tuple[int, float]]:
    return [(100 * (i + 1), score) for i, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ((), None),
        ((3.0,), 100),
        ((3.0, 2.0), 200),
        ((5.0, 4.0, 3.0, 2.0, 1.0), 500),  # better and better: the last one
        ((5.0, 3.0, 2.0, 3.0, 6.0), 200),  # they count for 5, 3, 3, 3, 6: of equal ones the first
        ((5.0, 4.0, 3.0, 3.0, 3.0), 300),
        ((1.0, 2.0, 3.0, 4.0), 100),  # worse and worse: the first counts for 2, as does the second
        ((9.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0), 600),  # of those that can't be told from real pictures the last
    ],
)
def test_the_rule(scores, best):
    assert best_step(steps(*scores)) == best


# A run that gets better up to its eighth score, and worse from its tenth on.
VALLEY = [1.0 + 0.1 * max(abs(8 - i) - 1, 0) for i in range(12)]


@pytest.mark.parametrize("place", range(12))
@pytest.mark.parametrize("luck", [0.1, 5.0])
def test_one_lucky_or_unlucky_moment_changes_nothing(place, luck):
    scores = [luck if i == place else score for i, score in enumerate(VALLEY)]
    found = best_step(steps(*scores))
    assert found in (700, 800, 900, 1000, 1100) and (luck < 1 or found != 100 * (place + 1))
    # it counts for no more than what the others have reached
    assert luck > 1 or standings(steps(*scores))[place] >= min(standings(steps(*VALLEY)))


def test_luck_at_the_end_counts_for_no_more_than_the_trend():
    level = steps(5.0, 2.0, 2.0, 2.0, 0.1)
    assert standings(level)[-1] == 2.0 and best_step(level) == 200
    assert standings(steps(6.0, 5.0, 4.0, 3.0, 0.1))[-1] == 1.0  # medians 4 and 3, two places on


FIRST = f"G_AB.{next(iter(build(CONFIGS['cyclegan']).G_AB.state_dict()))}"


class Written:
    """A model whose weight is the step's number, and what was written of it last."""

    def __init__(self):
        self.model, self.file = build(CONFIGS["cyclegan"]), (None, None)

    def at(self, step: int):
        with torch.no_grad():
            next(self.model.G_AB.parameters()).fill_(step)
        return self.model

    def write(self, step, weights):
        self.file = step, weights[FIRST].unique().tolist()


@pytest.mark.parametrize("seed", range(20))
def test_what_is_written_is_the_best_of_all_so_far_also_if_the_run_is_taken_up_anywhere(seed):
    draw, seen = random.Random(seed), Written()
    run, scores = Candidates([], {}), []
    for step in range(1, 15):
        if draw.random() < 0.3:  # as from a checkpoint
            run = Candidates(list(run.scores), dict(run.weights))
        scores.append((step, draw.choice([0.0, 1.0, 2.0, 3.0, 4.0])))
        run.add(*scores[-1], seen.at(step), seen.write)
        assert seen.file == (best_step(scores), [float(best_step(scores))])
        assert len(run.weights) <= 2 and set(run.weights) == can_win(scores)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("average", [False, True])
def test_the_weights_are_those_that_translate_and_no_others(name, average):
    model = build(CONFIGS[name])
    if average:
        model.keep_average(0.5)
        for network in model.average.networks.values():
            for weight in network.parameters():
                weight.add_(1)
    found, fresh = weights_at_best(model), build(CONFIGS[name], seed=1)
    missing, unknown = fresh.load_state_dict(found, strict=False)
    assert not unknown and {key.split(".")[0] for key in missing} == set(model.judges)
    x = torch.rand(1, 3, 16, 16)
    inputs = (x, torch.zeros(1, 8)) if name == "bicyclegan" else (x,)
    with torch.no_grad():
        expected = model.eval().translator("AtoB")(*inputs)
        assert torch.equal(fresh.eval().translator("AtoB")(*inputs), expected)
    name = model.translators["AtoB"]
    key, weight = next(iter(model.at_its_best(name).state_dict().items()))
    weight.zero_()
    assert found[f"{name}.{key}"].abs().sum() > 0  # copies

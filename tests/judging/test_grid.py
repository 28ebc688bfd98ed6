"""The grid: real pictures have none, wherever they lie and whatever they show; a screen of ±1 of 255 is found."""

import numpy as np
import pytest
import torch

from minicyclegan.data.images import to_tensor
from minicyclegan.judging.evaluation import evaluate
from minicyclegan.judging.grid import FEWEST, LIMIT, grid_by_picture, of_sums, pooled_grid, pooled_sums
from minicyclegan.judging.nets import to_float, to_uint8
from minicyclegan.judging.translation import HeldOut, Translation
from minicyclegan.judging.world_figures import plain_parts
from minicyclegan.worlds import WORLDS, other
from minicyclegan.worlds.render import draw_range

SIZE, COUNT = 64, FEWEST
y, x = np.mgrid[:SIZE, :SIZE]
SIGNS = np.where(np.random.default_rng(0).random((3, 4, 4)) < 0.5, -1, 1)
SCREENS = {
    "dots": np.tile((-1) ** (x + y), (3, 1, 1)),
    "columns": np.tile((-1) ** x, (3, 1, 1)),
    "wide rows": np.tile((-1) ** (y // 2), (3, 1, 1)),
    "any pattern of 4 x 4": SIGNS[:, y % 4, x % 4],
    "red dots": np.stack([(-1) ** (x + y), 0 * x, 0 * x]),
}


def drawn(name: str, domain: str, size: int = SIZE) -> torch.Tensor:
    """(COUNT, 3, size, size) uint8."""
    return to_uint8(to_tensor(draw_range(WORLDS[name], "test", domain, 0, COUNT, size, 0)))


def test_set(name: str, domain: str) -> HeldOut:
    """The world's own pictures as what a model is to paint."""
    real = drawn(name, domain)
    return HeldOut("AtoB", real, real, real, WORLDS[name], other(domain))


test_set.__test__ = False
# Horses and zebras with their stripes, fronts with their bricks, edges of all kinds; with and without masks.
REAL = [("horse2zebra", "A"), ("horse2zebra", "B"), ("facades", "B"), ("facades", "A"), ("summer2winter", "A")]


@pytest.fixture(scope="module", params=REAL, ids=" ".join)
def real(request) -> HeldOut:
    return test_set(*request.param)


@pytest.mark.parametrize("known", [True, False], ids=["outside things", "everywhere"])
def test_real_pictures_pass_wherever_they_lie_and_screens_fail(real, known):
    pictures, mask = to_float(real.source).double(), plain_parts(real) if known else None
    # measured: at most 0.12; at most 0.17 where the seam of a turn adds an edge to all of them
    assert pooled_grid(pictures, mask) < LIMIT / 2
    for shift in ((0, 1), (1, 0), (1, 2), (3, 2), (2, 1)):
        turned = None if mask is None else mask.roll(shift, (1, 2))
        assert pooled_grid(pictures.roll(shift, (2, 3)), turned) < LIMIT / 2
    for kind, screen in SCREENS.items():
        found = pooled_grid((pictures + torch.from_numpy(screen) / 127.5).clamp(-1, 1), mask)
        assert found > LIMIT, kind
        if kind != "red dots":  # of one channel in three
            # What lies at white or black keeps half of it; a Gaussian leaves a twentieth of a period of 4.
            assert 0.5 < found < 1.1, kind


def test_pictures_cut_out_of_larger_ones_pass():
    larger = to_float(drawn("facades", "B", SIZE + 4)).double()
    for down, right in ((0, 0), (1, 3), (2, 1)):
        assert pooled_grid(larger[:, :, down : down + SIZE, right : right + SIZE]) < LIMIT / 2


def test_picture_by_picture_what_they_show_counts(real):
    pictures, mask = to_float(real.source).double(), plain_parts(real)
    alone = grid_by_picture(pictures, mask).nanmean()
    assert alone > 3 * pooled_grid(pictures, mask)
    screened = (pictures + 2 * torch.from_numpy(SCREENS["dots"]) / 127.5).clamp(-1, 1)
    assert grid_by_picture(screened, mask).nanmean() > alone + 0.05


def test_a_screen_on_grey_is_as_strong_as_it_is():
    grey = torch.zeros(2, 3, 21, 30)  # sides that are no multiples of 4
    assert pooled_grid(grey) == 0 and grid_by_picture(grey).tolist() == [0, 0]
    screen = torch.from_numpy(SCREENS["dots"][:, :21, :30].copy()).float() / 127.5
    assert pooled_grid(grey + 3 * screen).item() == pytest.approx(3, rel=0.02)
    np.testing.assert_allclose(grid_by_picture(grey + 3 * screen), 3, rtol=0.02)
    # Signs are kept: in the one picture up, in the other down, it is gone.
    opposite = torch.stack([grey[0] + screen, grey[1] - screen])
    assert pooled_grid(opposite) < 1e-3 and grid_by_picture(opposite).min() > 0.98


def test_batches_may_be_pooled_one_by_one_and_gradients_flow():
    pictures = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    mask = torch.ones(6, 16, 16, dtype=torch.bool)
    mask[0], mask[1, :, 2:] = False, False
    parts = [pooled_sums(p, m) for p, m in zip(pictures.split(2), mask.split(2), strict=True)]
    sums, weights = (torch.cat(part).sum(0) for part in zip(*parts, strict=True))
    assert of_sums(sums, weights).item() == pytest.approx(pooled_grid(pictures, mask).item(), rel=1e-12)
    assert grid_by_picture(pictures, mask).isnan().tolist() == [True, True, False, False, False, False]
    assert pooled_grid(pictures, torch.zeros_like(mask)).isnan()
    pooled_grid(pictures.requires_grad_(), mask).backward()
    assert pictures.grad.isfinite().all() and pictures.grad.abs().sum() > 0
    assert pooled_grid(pictures.detach().float(), mask).item() == pytest.approx(
        pooled_grid(pictures, mask).item(), rel=1e-4
    )


class Painted:
    """Stands in for a translator that always paints these pictures (N, 3, S, S) uint8."""

    latent, device = 0, torch.device("cpu")

    def __init__(self, pictures: torch.Tensor):
        self.rest = list(to_float(pictures).split(16))

    def translate(self, x: torch.Tensor, direction: str = "AtoB") -> torch.Tensor:
        return self.rest.pop(0)


def test_the_report_holds_models_to_it(real):
    figures = {}
    screened = (real.truth.int() + torch.from_numpy(SCREENS["dots"])).clamp(0, 255).byte()
    for name, painted in {"true": real.truth, "turned": real.truth.roll((1, 2), (2, 3)), "screened": screened}.items():
        by_picture, figures[name] = evaluate([Translation(Painted(painted), real)], measures=["grid"])
        assert by_picture.limits is None and by_picture.real is not None and by_picture.count <= COUNT
        assert figures[name].limits == (None, LIMIT) and figures[name].low < figures[name].value < figures[name].high
    assert figures["true"].passes and figures["turned"].passes and not figures["screened"].passes
    assert figures["true"].value == pytest.approx(figures["true"].real, rel=1e-9)


def test_too_few_pictures_are_measured_but_held_to_nothing():
    real = test_set("summer2winter", "A")
    few = HeldOut("AtoB", real.source[:8], real.target, real.truth[:8], real.world, real.domain)
    _, pooled = evaluate([Translation(Painted(few.truth), few)], measures=["grid"])
    assert pooled.limits is None and pooled.count == 8

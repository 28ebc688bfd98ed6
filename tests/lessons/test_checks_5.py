"""Lesson 5's checks: correct variants pass, and what is wrong in other ways is told so."""

import exercises
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from checking import lesson_5
from checking.engine import WrongAnswer

EXERCISES = exercises.EXERCISES[5]


# ---- Correct in another way --------------------------------------------------------------------------------------


def best_by_sorting(fronts):
    return [np.sort(fronts, axis=0)[len(fronts) // 2], np.add.reduce(fronts) / len(fronts)]


def loss_of_pytorch(logits, fake, real, weight):
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits)) + weight * F.l1_loss(fake, real)


def loss_in_doubles(logits, fake, real, weight):
    return -F.logsigmoid(logits.double()).mean() + weight * (real.double() - fake.double()).abs().mean()


def wrong_house_by_hand(D, G, a, b):
    with torch.no_grad():
        fake = G(a)
    right, on_fake, wrong = (D(torch.cat((a, second), 1)) for second in (b, fake, torch.stack([*b[1:], b[0]])))
    return ((right - 1) ** 2).mean() / 2 + ((on_fake**2).mean() + (wrong**2).mean()) / 4


def wrong_house_in_one_pass(D, G, a, b):
    order = torch.tensor([*range(1, len(b)), 0])
    pairs = torch.cat([torch.cat([a, second], dim=1) for second in (b, G(a).detach(), b[order])])
    right, on_fake, wrong = D(pairs).chunk(3)
    fakes = torch.cat([on_fake, wrong])
    return 0.5 * (F.mse_loss(right, torch.ones_like(right)) + F.mse_loss(fakes, torch.zeros_like(fakes)))


def wrong_house_is_another_map(D, G, a, b):
    right, on_fake = D(torch.cat([a, b], dim=-3)), D(torch.cat([a, G(a.detach()).detach()], dim=-3))
    wrong = D(torch.cat([torch.roll(a, -1, 0), b], dim=-3))
    return torch.stack([(right - 1).square().mean() * 2, on_fake.square().mean(), wrong.square().mean()]).sum() / 4


def iou_with_nan(counts):
    with np.errstate(invalid="ignore"):
        return np.nanmean(np.diag(counts) / (counts.sum(0) + counts.sum(1) - np.diag(counts)))


def iou_by_loops(counts):
    shares = []
    for i in range(len(counts)):
        union = sum(counts[i][j] for j in range(len(counts))) + sum(counts[j][i] for j in range(len(counts)) if j != i)
        if union:
            shares.append(counts[i][i] / union)
    return np.float32(sum(shares) / len(shares))


def iou_in_pytorch(counts):
    counts = torch.from_numpy(counts).float()
    right = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - right
    return (right[union > 0] / union[union > 0]).mean()


def validation_as_a_number(G, a, b, size):
    was, (top, left) = G.training, ((side - size) // 2 for side in a.shape[2:])
    G.train(False)
    with torch.inference_mode():
        fronts = G(a[:, :, top : top + size, left : left + size])
        error = F.l1_loss(fronts, b[:, :, top : top + size, left : left + size]).item()
    G.train(was)
    return error


def validation_picture_by_picture(G, a, b, size):
    was = G.training
    G.eval()
    top, left = (a.shape[2] - size) // 2, (a.shape[3] - size) // 2
    rows, columns = slice(top, top + size), slice(left, left + size)
    errors = []
    for x, y in zip(a, b, strict=True):
        front = G(x[None, :, rows, columns]).detach()[0]
        errors.append((front - y[:, rows, columns]).abs().mean())
    if was:
        G.train()
    return np.mean([float(error) for error in errors])


VARIANTS = {
    "best_single_answers": (best_by_sorting,),
    "pix2pix_generator_loss": (loss_of_pytorch, loss_in_doubles),
    "matching_discriminator_loss": (wrong_house_by_hand, wrong_house_in_one_pass, wrong_house_is_another_map),
    "mean_iou": (iou_with_nan, iou_by_loops, iou_in_pytorch),
    "validation_error": (validation_as_a_number, validation_picture_by_picture),
}


@pytest.mark.parametrize(
    ("name", "variant"),
    [(name, variant) for name, variants in VARIANTS.items() for variant in variants],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_correct_variant_passes(name, variant):
    EXERCISES[name].check(variant)


# ---- Beyond the list ---------------------------------------------------------------------------------------------


def test_wrong_in_a_way_nobody_knows():
    wrong = {
        "best_single_answers": lambda fronts: [0.99 * best for best in best_by_sorting(fronts)],
        "pix2pix_generator_loss": lambda logits, fake, real, weight: loss_in_doubles(logits, fake, real, weight) + 0.01,
        "matching_discriminator_loss": lambda D, G, a, b: 1.01 * wrong_house_by_hand(D, G, a, b),
        "mean_iou": lambda counts: 0.99 * iou_with_nan(counts),
        "validation_error": lambda G, a, b, size: 1.01 * validation_as_a_number(G, a, b, size),
    }
    for name, answer in wrong.items():
        with pytest.raises(WrongAnswer, match="first differs"):
            EXERCISES[name].check(answer)


def left(network, what):
    """A right loss, and then something is done to a network."""

    def loss(D, G, a, b):
        result = wrong_house_by_hand(D, G, a, b)
        what({"D": D, "G": G}[network])
        return result

    return loss


def reaching_G(D, G, a, b):
    fake = G(a)
    return wrong_house_by_hand(D, G, a, b) + 0 * D(torch.cat([a, fake], dim=1)).sum()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (reaching_G, "This looks like a loss that sends a gradient into G"),
        (left("G", lambda G: G.eval()), "afterwards G is not in the mode it came in"),
        (left("D", lambda D: D.train()), "afterwards D is not in the mode it came in"),
        (left("G", lambda G: G.requires_grad_(False)), "afterwards G has another requires_grad"),
        (left("D", lambda D: D.requires_grad_(False)), "afterwards D has another requires_grad"),
        (left("D", lambda D: D.weight.data.mul_(0.9)), "it changes D's weights"),
        (lambda D, G, a, b: reaching_G(D, G, a, b[torch.randperm(len(b))]), "its answer changes from call to call"),
    ],
)
def test_a_loss_is_told_what_it_left_behind(answer, sentence):
    with pytest.raises(WrongAnswer) as told:
        lesson_5.check_matching_discriminator_loss(answer)
    assert str(told.value).startswith(f"task 5.3: {sentence}")


@pytest.mark.parametrize(
    ("corner", "words"),
    [
        (lambda top, left: (left, top), "row 5 and column 2, .* top and left exchanged"),
        (lambda top, left: (0, 0), "row 0 and column 0, .* begins at 2 and 5: that is the upper left corner"),
        (lambda top, left: (top + 1, left), "row 3 and column 5, .* rounds an odd remainder down"),
        (lambda top, left: (top, top), "row 2 and column 2, .* each side has an offset of its own"),
        (lambda top, left: (1, 7), "row 1 and column 7, .* no seed makes a drawn crop the middle"),
    ],
)
def test_a_crop_that_is_not_the_middle_is_told_where_it_is(corner, words):
    def validation(G, a, b, size):
        top, left = corner((a.shape[2] - size) // 2, (a.shape[3] - size) // 2)
        rows, columns = slice(top, top + size), slice(left, left + size)
        was = G.training
        G.eval()
        with torch.no_grad():
            error = 2 * (G(a[..., rows, columns]) - b[..., rows, columns]).abs().mean()  # wrong as well
        G.train(was)
        return error

    with pytest.raises(WrongAnswer, match=rf"task 5\.5: G was given the crop that begins at {words}"):
        lesson_5.check_validation_error(validation)


def test_a_model_that_learns_from_its_validation_is_told_so_whatever_else_is_wrong():
    def as_it_was_found(G, a, b, size):
        top, left = np.random.default_rng().integers(0, 4, 2)
        rows, columns = slice(top, top + size), slice(left, left + size)
        return (G(a[..., rows, columns]) - b[..., rows, columns]).abs().mean()

    with pytest.raises(WrongAnswer, match="G's batch norms learn from it"):
        lesson_5.check_validation_error(as_it_was_found)

"""What an answer to a lesson's exercise leaves behind, beside the right numbers: each check notices."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import checks
from checking.engine import WrongAnswer


def step(before=lambda G, D: None, after=lambda G, D: None, detached=True):
    """Task 4.2's right step with something around it."""

    def discriminator_step(G, D, optimizer, real, z, target):
        before(G, D)
        fake = G(z).detach() if detached else G(z)
        on_real, on_fake = D(real), D(fake)
        loss_real = target * F.softplus(-on_real) + (1 - target) * F.softplus(on_real)
        loss = 0.5 * (loss_real.mean() + F.softplus(on_fake).mean())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        after(G, D)
        return loss.item()

    return discriminator_step


def penalty(D, real, fake, share):
    """Task 4.3's, by a backward that goes through D's weights as well."""
    share = share[:, None, None, None]
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    D(between).mean(dim=(1, 2, 3)).sum().backward(create_graph=True)
    return (between.grad.flatten(1).norm(dim=1) - 1).square().mean()


def penalty_then_cleared(D, *others):
    found = penalty(D, *others)
    D.zero_grad()
    return found


def pairs(before):
    """Task 5.2's right loss after something."""

    def matching_discriminator_loss(D, G, a, b):
        before(D, G, a, b)
        painted, other = G(a).detach(), b.roll(1, dims=0)
        right, wrong, house = (D(torch.cat([a, front], dim=1)) for front in (b, painted, other))
        return 0.5 * (right - 1).square().mean() + 0.25 * wrong.square().mean() + 0.25 * house.square().mean()

    return matching_discriminator_loss


CASES = [
    (checks.check_discriminator_step, step(after=lambda G, D: G.zero_grad(), detached=False), "a gradient into G"),
    (checks.check_discriminator_step, step(after=lambda G, D: D.eval()), "D is not in the mode it came in"),
    (checks.check_discriminator_step, step(before=lambda G, D: D.eval()), "D is not in the mode it came in"),
    (checks.check_discriminator_step, step(after=lambda G, D: D.requires_grad_(False)), "D has another requires_grad"),
    (checks.check_picture_penalty, penalty, "a gradient in D (.grad)"),
    (checks.check_picture_penalty, penalty_then_cleared, "a gradient into D"),
    (checks.check_matching_discriminator_loss, pairs(lambda D, G, a, b: G.eval()), "G is not in the mode it came in"),
    (checks.check_matching_discriminator_loss, pairs(lambda D, G, a, b: D.eval()), "D is not in the mode it came in"),
    (
        checks.check_matching_discriminator_loss,
        pairs(lambda D, G, a, b: D(torch.cat([a, b], 1)).sum().backward()),
        ".grad",
    ),
    (
        checks.check_matching_discriminator_loss,
        pairs(lambda D, G, a, b: a.requires_grad_()),
        "a has another requires_grad",
    ),
    (
        checks.check_matching_discriminator_loss,
        pairs(lambda D, G, a, b: nn.init.constant_(G.weight, 0.1)),
        "it changes G's weights",
    ),
]


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize(("check", "answer", "words"), CASES)
def test_it_is_told(check, answer, words):
    with pytest.raises(WrongAnswer) as told:
        check(answer)
    assert words in str(told.value)


def test_the_same_answers_without_it_are_right(capsys):
    checks.check_discriminator_step(step())
    checks.check_discriminator_step(step(before=lambda G, D: G.eval(), after=lambda G, D: G.train()))
    checks.check_matching_discriminator_loss(pairs(lambda *_: None))
    assert capsys.readouterr().out.count("✓") == 3

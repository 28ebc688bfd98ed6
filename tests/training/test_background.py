"""training/background.py: nothing is lost, nothing is silent, and copies are copies."""

import threading

import pytest
import torch

from minicyclegan.models import CycleGAN, CycleGANConfig
from minicyclegan.training.background import QUEUE, Background, copied


def test_all_is_done_in_order_when_the_context_ends():
    done: list[int] = []
    with Background() as background:
        for number in range(6):
            background.do(done.append, number)
    assert done == list(range(6))


def test_the_run_goes_on_meanwhile_but_only_so_far():
    gate, third = threading.Event(), threading.Event()

    def give() -> None:
        with Background() as background:
            for _ in range(QUEUE):
                background.do(gate.wait, 10)
            threading.Timer(0.1, gate.set).start()
            assert not gate.is_set()  # it did not wait for these
            background.do(third.set)  # but for the first of them to make room for this one
            assert gate.is_set()

    give()
    assert third.is_set()


def fail() -> None:
    raise OSError("disk full")


def test_an_error_comes_out_at_the_next_piece_of_work_or_at_the_end():
    with pytest.raises(OSError, match="disk full"), Background() as background:
        background.do(fail)
    with pytest.raises(OSError, match="disk full"), Background() as background:
        background.do(fail)
        background.wait()


def test_when_the_run_fails_its_own_error_is_told_and_what_was_given_is_still_done():
    done: list[int] = []
    with pytest.raises(ValueError, match="diverged"), Background() as background:
        background.do(done.append, 1)
        background.do(fail)
        raise ValueError("diverged")
    assert done == [1]


def test_a_copied_state_is_the_same_and_stays_as_it_was():
    model = CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=1, disc_layers=1, pool_size=2))
    a, b = torch.zeros(2, 1, 3, 16, 16).uniform_(-1, 1)
    model.step(a, b)
    state = copied(model.training_state())
    other = CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=1, disc_layers=1, pool_size=2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.step(a, b)
    assert not all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    other.load_training_state(state)
    assert all(torch.equal(before[name], value) for name, value in other.state_dict().items())
    losses = other.step(a, b)
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), other.parameters(), strict=True)), losses

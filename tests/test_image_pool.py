"""The image pool: what goes in comes out now or later, half and half, and its state can be put away."""

import pytest
import torch

from minicyclegan.image_pool import ImagePool


def numbered(first: int, count: int) -> torch.Tensor:
    return torch.arange(first, first + count, dtype=torch.float32).reshape(-1, 1, 1, 1)


def test_pictures_come_back_as_they_went_in_until_the_pool_is_full():
    pool = ImagePool(4)
    for first in (0, 2):
        assert torch.equal(pool.query(numbered(first, 2)), numbered(first, 2))


def test_size_zero_is_off_and_detaches():
    x = numbered(0, 3).requires_grad_()
    y = ImagePool(0).query(x)
    assert torch.equal(y, x) and not y.requires_grad


def test_half_of_the_answers_are_old_and_every_answer_was_once_given():
    pool, given, old, rounds = ImagePool(50), set(range(50)), 0, 4000
    pool.query(numbered(0, 50))
    for number in range(50, 50 + rounds):
        given.add(number)
        (answer,) = pool.query(numbered(number, 1)).flatten().int().tolist()
        assert answer in given
        old += answer != number
    # a fair coin 4,000 times: standard deviation 0.0079, so four of these
    assert old / rounds == pytest.approx(0.5, abs=0.032)


def test_a_swapped_picture_leaves_the_pool():
    pool, seen = ImagePool(3, seed=1), []
    for number in range(300):
        seen += pool.query(numbered(number, 1)).flatten().int().tolist()
    swapped = [number for position, number in enumerate(seen) if number != position]
    assert len(swapped) == len(set(swapped)), "a picture that was handed out again would have been counted twice"


def test_the_pool_keeps_copies():
    pool = ImagePool(1)
    x = numbered(7, 1)
    pool.query(x)
    x.fill_(0)
    assert pool.images[0].item() == 7


def test_state_can_be_put_away_and_taken_up():
    first = ImagePool(5, seed=3)
    first.query(numbered(0, 9))
    second = ImagePool(5, seed=99)
    second.load_state_dict(first.state_dict())
    for number in range(20, 40):
        assert torch.equal(first.query(numbered(number, 2)), second.query(numbered(number, 2)))


def test_empty_state_and_bad_size():
    pool = ImagePool(2)
    pool.load_state_dict(ImagePool(2).state_dict())
    assert pool.images == []
    with pytest.raises(ValueError, match="0 or more"):
        ImagePool(-1)

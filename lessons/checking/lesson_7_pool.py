"""Lesson 7's task 7.2: which pictures does an image pool show to D, and which does it keep?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from checking.engine import Answer, Exercise, Mistake, WrongAnswer

Step = Callable[[list[Tensor], Tensor, float, int], Tensor]  # pool, picture, coin, place -> what D is shown


def _as_they_are(images: Tensor) -> Tensor:
    return images


def _swap(pool: list[Tensor], image: Tensor, place: int) -> Tensor:
    old, pool[place] = pool[place], image
    return old


def _half_of_the_time(pool: list[Tensor], image: Tensor, coin: float, place: int) -> Tensor:
    return image if coin < 0.5 else _swap(pool, image, place)


def _pool_with(
    step: Step = _half_of_the_time,
    full: Callable[[int, int], bool] = lambda held, size: held >= size,
    cut: Callable[[Tensor], Tensor] = torch.Tensor.detach,
    fills: bool = True,
    numbers: Callable[[Tensor, int], int] = lambda drawn, n: n,
) -> Answer:
    """The right pool, of which anything may be wrong. `numbers` says whose coin and place picture n takes."""

    def query(images: Tensor, pool: Tensor, size: int, coins: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        kept, shown = list(pool), []
        for n, image in enumerate(cut(images)):
            if not full(len(kept), size):
                kept += [image] if fills else []
                shown.append(image)
                continue
            at = numbers(coins, n)
            shown.append(step(kept, image, float(coins[at]), int(places[at])))
        return torch.stack(shown), torch.stack(kept) if kept else pool

    return query


def _oldest_goes(pool: list[Tensor], image: Tensor, coin: float, place: int) -> Tensor:
    if coin < 0.5:
        return image
    pool.append(image)
    return pool.pop(0)


def _stored_anyway(pool: list[Tensor], image: Tensor, coin: float, place: int) -> Tensor:
    old = _swap(pool, image, place)
    return image if coin < 0.5 else old


def _grown(pool: list[Tensor], image: Tensor, coin: float, place: int) -> Tensor:
    pool.append(image)
    return image if coin < 0.5 else pool[place]


def _found(pool: list[Tensor], image: Tensor, coin: float, place: int) -> Tensor:
    if coin >= 0.5:
        pool[place] = image
    return image


def _counted_when_full(images: Tensor, pool: Tensor, size: int, coins: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    room = min(size - len(pool), len(images))
    return _pool_with(numbers=lambda drawn, n: n - room)(images, pool, size, coins, places)


def _tossed_while_filling(
    images: Tensor, pool: Tensor, size: int, coins: Tensor, places: Tensor
) -> tuple[Tensor, Tensor]:
    kept, shown = list(pool), []
    for image, coin, place in zip(images.detach(), coins, places, strict=True):
        if len(kept) < size:
            kept.append(image)
        shown.append(image if coin < 0.5 or place >= len(kept) else _swap(kept, image, int(place)))
    return torch.stack(shown), torch.stack(kept)


def _pool_of_before(images: Tensor, pool: Tensor, size: int, coins: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """What a picture of this batch has put into the pool does not come out in this batch."""
    shown, kept = _pool_with()(images, pool, size, coins, places)
    shown = shown.clone()
    for n, (coin, place) in enumerate(zip(coins, places, strict=True)):
        if len(pool) == size and coin >= 0.5:
            shown[n] = pool[place]
    return shown, kept


def _exchanged(*arguments: Any) -> tuple[Tensor, Tensor]:
    return _pool_with()(*arguments)[::-1]


def _observe(answer: Answer, images: Tensor, pool: Tensor, size: int, coins: Tensor, places: Tensor) -> Any:
    before = [value.clone() for value in (images, pool, coins, places)]
    images = images.requires_grad_() * 1  # what a generator makes has a graph behind it
    images.retain_grad()
    result = answer(images, pool, size, coins, places)
    if result is None:
        return None
    if not (isinstance(result, tuple | list) and len(result) == 2):
        raise WrongAnswer("it did not return a pair: first what D is shown, then the pool as it is afterwards")
    if not all(torch.equal(*pair) for pair in zip(before, (images, pool, coins, places), strict=True)):
        raise WrongAnswer("it changed its own input; work on a copy, or make a new one")
    if any(isinstance(part, tuple | list) for part in result):
        raise WrongAnswer(
            "it returned a list of pictures; torch.stack makes one tensor (N, C, H, W) of them, as the task asks"
        )
    shown, kept = result
    flows = any(isinstance(part, Tensor) and part.requires_grad for part in (shown, kept))
    return {
        "what D is shown": shown,
        "the pool afterwards": kept,
        "whether a gradient can flow into G": int(flows),
        "whether `images` itself lost its graph": int(images.is_leaf),
    }


def _inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(72)

    def one(size: int, held: int, coins: list[float], places: list[int]) -> tuple[Any, ...]:
        pictures = torch.rand(held + len(coins), 1, 2, 3, generator=draw) * 2 - 1
        return pictures[held:], pictures[:held], size, torch.tensor(coins), torch.tensor(places)

    return [
        one(3, 3, [0.3, 0.7, 0.9, 0.2, 0.5, 0.8], [0, 1, 1, 2, 2, 0]),
        one(4, 2, [0.9, 0.1, 0.3, 0.8, 0.5, 0.7], [1, 3, 0, 2, 2, 0]),
        one(2, 0, [0.6, 0.8, 0.4, 0.9, 0.1, 0.7, 0.6], [0, 0, 1, 0, 1, 0, 0]),
    ]


QUERY = Exercise(
    "7.2",
    reference=_pool_with(),
    inputs=_inputs(),
    observe=_observe,
    mistakes=(
        Mistake(
            "This looks like the code as found: the new picture is put in before the old one is taken out, so D only "
            "ever sees the newest.",
            _pool_with(_found),
        ),
        Mistake(
            "This looks like the code as found, and not detached either: the new picture is put in before the old one "
            "is taken out.",
            _pool_with(_found, cut=_as_they_are),
        ),
        Mistake(
            "This looks like a pool that G's gradient flows through: D's step would reach G. Detach the fakes first.",
            _pool_with(cut=_as_they_are),
        ),
        Mistake(
            "This looks like fakes that are cut off in place (`detach_()`?), so that G can't learn from them either; "
            "`images.detach()`, without the underscore, leaves `images` as it is.",
            _pool_with(cut=torch.Tensor.detach_),
        ),
        Mistake(
            "This looks like a coin of exactly ½ read as below ½; such a coin swaps.",
            _pool_with(lambda pool, image, coin, place: image if coin <= 0.5 else _swap(pool, image, place)),
        ),
        Mistake(
            "This looks like the coin read the other way: below ½ the picture itself is shown, and the pool stays.",
            _pool_with(lambda pool, image, coin, place: _half_of_the_time(pool, image, 0.999 - coin, place)),
        ),
        Mistake(
            "This looks like a pool that never changes once it is full: the new picture has to take the old one's "
            "place, or D sees the first few pictures for ever.",
            _pool_with(lambda pool, image, coin, place: image if coin < 0.5 else pool[place]),
        ),
        Mistake(
            "This looks like an old picture every time; below ½ the coin says that D is shown the new one.",
            _pool_with(lambda pool, image, coin, place: _swap(pool, image, place)),
        ),
        Mistake(
            "This looks like new pictures that always go into the pool; where the coin is below ½ it stays as it is.",
            _pool_with(_stored_anyway),
        ),
        Mistake(
            "This looks like a queue, where the oldest leaves first; `places` says which one is taken.",
            _pool_with(_oldest_goes),
        ),
        Mistake(
            "This looks like one coin for the whole batch; each picture has its own.",
            lambda images, pool, size, coins, places: _pool_with()(images, pool, size, coins[:1] + 0 * coins, places),
        ),
        Mistake(
            "This looks like one place for the whole batch; each picture has its own.",
            lambda images, pool, size, coins, places: _pool_with()(images, pool, size, coins, places[:1] + 0 * places),
        ),
        Mistake(
            "This looks like one picture too many in the pool: it is full as soon as it holds `size`.",
            _pool_with(full=lambda held, size: held > size),
        ),
        Mistake(
            "This looks like one picture too few in the pool: it is full when it holds `size`, not before.",
            _pool_with(full=lambda held, size: held >= size - 1),
        ),
        Mistake(
            "This looks like a pool that grows without end: once it is full, a new picture takes an old one's place.",
            _pool_with(_grown),
        ),
        Mistake(
            "This looks like a pool that takes in no picture while it has room; until it is full, each goes in.",
            _pool_with(fills=False),
        ),
        Mistake(
            "This looks like a coin that is tossed while there is still room; until the pool is full, every picture is "
            "shown as it is.",
            _tossed_while_filling,
        ),
        Mistake(
            "This looks like coins and places counted from where the pool is full; coins[n] and places[n] belong to "
            "picture n, used or not.",
            _counted_when_full,
        ),
        Mistake(
            "This looks like the pool of before the batch: a picture that has just gone in may come out again at once.",
            _pool_of_before,
        ),
        Mistake(
            "This looks like no pool at all: D is shown the new pictures alone, and none is kept.",
            lambda images, pool, *_: (images.detach(), pool),
        ),
        Mistake(
            "This looks like the two parts in the wrong order: first what D is shown, then the pool.",
            _exchanged,
        ),
    ),
)
check_query = QUERY.check

"""The cheapest set of things that together give enough, on several devices at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# So many are searched to the end: 4,096 sets, some milliseconds. With more, the set found is one of
# which none can be left out, but a cheaper one may exist.
EXACT_MOST: Final = 12

Sizes = tuple[int, ...]  # bytes, one for each device that is short


@dataclass(frozen=True, slots=True)
class Item:
    key: int
    cost: int  # more than 0: then a cheapest set holds nothing that is not needed
    gives: Sizes


@dataclass(frozen=True, slots=True)
class Found:
    items: tuple[Item, ...]
    is_exact: bool


def cheapest(items: Sequence[Item], missing: Sizes) -> Found | None:
    """None when all of them together do not give enough."""
    useful = [item for item in items if _used(item, missing)]
    if not _is_enough(useful, missing):
        return None
    useful.sort(key=lambda item: (item.cost, -_used(item, missing), item.key))
    is_exact = len(useful) <= EXACT_MOST
    chosen = _exact(useful, missing) if is_exact else _greedy(useful, missing)
    return Found(tuple(sorted(chosen, key=lambda item: item.key)), is_exact)


def _used(item: Item, missing: Sizes) -> int:
    """What it gives of what is still missing."""
    pairs = zip(item.gives, missing, strict=True)
    return sum(min(given, short) for given, short in pairs if short > 0)


def _less(missing: Sizes, item: Item) -> Sizes:
    return tuple(short - given for short, given in zip(missing, item.gives, strict=True))


def _is_enough(items: Sequence[Item], missing: Sizes) -> bool:
    return all(sum(item.gives[n] for item in items) >= short for n, short in enumerate(missing))


def _rank(items: Sequence[Item]) -> tuple[int, int, int, list[int]]:
    """Of sets that cost the same: the smaller one, then the one that throws out less."""
    size = sum(sum(item.gives) for item in items)
    return sum(item.cost for item in items), len(items), size, sorted(item.key for item in items)


def _exact(items: Sequence[Item], missing: Sizes) -> list[Item]:
    """`items` are sorted by cost and together give enough."""
    best = list(items)
    best_rank = _rank(best)
    chosen: list[Item] = []

    def visit(at: int, left: Sizes, cost: int) -> None:
        nonlocal best, best_rank
        if all(short <= 0 for short in left):
            if (rank := _rank(chosen)) < best_rank:
                best, best_rank = list(chosen), rank
            return
        if at == len(items) or cost + items[at].cost > best_rank[0]:
            return  # each further one makes it dearer than the best
        item = items[at]
        if _used(item, left):
            chosen.append(item)
            visit(at + 1, _less(left, item), cost + item.cost)
            chosen.pop()
        visit(at + 1, left, cost)

    visit(0, missing, 0)
    return best


def _greedy(items: Sequence[Item], missing: Sizes) -> list[Item]:
    """The best price for a byte that helps, one after the other; each that would do as the last one
    is tried as the last one."""
    best = _without_the_needless(items, missing)
    chosen: list[Item] = []
    remaining, left = list(items), missing
    while remaining and any(short > 0 for short in left):
        for item in remaining:
            if _is_enough([item], left):
                candidate = _without_the_needless([*chosen, item], missing)
                best = min(best, candidate, key=_rank)
        helping = [item for item in remaining if _used(item, left)]
        item = min(helping, key=lambda each: (each.cost / _used(each, left), each.key))
        chosen.append(item)
        remaining.remove(item)
        left = _less(left, item)
    return min(best, _without_the_needless(chosen, missing), key=_rank)


def _without_the_needless(items: Sequence[Item], missing: Sizes) -> list[Item]:
    kept = list(items)
    for item in sorted(items, key=lambda each: (-each.cost, each.key)):
        without = [each for each in kept if each is not item]
        if _is_enough(without, missing):
            kept = without
    return kept

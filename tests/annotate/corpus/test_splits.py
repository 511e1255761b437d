from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from annotate.corpus.splits import held_back_roles, rank_of, split_of

GOLD = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 30).map(str)), min_size=1, max_size=60
)


def held_per_class(labels: list[str], roles: list[str]) -> Counter[str]:
    return Counter(c for c, role in zip(labels, roles, strict=True) if role == "held_back")


def test_a_fifth_of_each_class_is_held_back_and_none_of_a_small_one() -> None:
    labels = ["a"] * 50 + ["b"] * 9 + ["c"] * 5 + ["d"] * 4
    roles = held_back_roles(labels, [str(n) for n in range(len(labels))], {})
    assert held_per_class(labels, roles) == {"a": 10, "b": 1, "c": 1}


def test_the_items_with_the_lowest_hashes_are_the_ones_held_back() -> None:
    keys = [str(n) for n in range(40)]
    roles = held_back_roles(["a"] * 40, keys, {})
    lowest = sorted(keys, key=lambda key: rank_of(key, "held back"))[:8]
    assert {k for k, role in zip(keys, roles, strict=True) if role == "held_back"} == set(lowest)


@given(GOLD, st.randoms(use_true_random=False))
def test_order_does_not_matter(gold: list[tuple[str, str]], random) -> None:
    shuffled = random.sample(gold, len(gold))
    by_key = [
        dict(
            zip(
                [k for _, k in g],
                held_back_roles(*map(list, zip(*g, strict=True)), {}),
                strict=True,
            )
        )
        for g in (gold, shuffled)
    ]
    assert by_key[0] == by_key[1]


@given(GOLD)
def test_groups_stay_whole_and_no_class_gives_more_than_its_share(
    gold: list[tuple[str, str]],
) -> None:
    labels, keys = [c for c, _ in gold], [k for _, k in gold]
    roles = held_back_roles(labels, keys, {})
    for key in set(keys):
        assert len({r for r, k in zip(roles, keys, strict=True) if k == key}) == 1
    totals = Counter(labels)
    for label, count in held_per_class(labels, roles).items():
        assert count <= totals[label] * 0.2 and totals[label] >= 5


@given(GOLD, GOLD)
def test_roles_never_change_when_more_gold_arrives(
    first: list[tuple[str, str]], more: list[tuple[str, str]]
) -> None:
    keys = [k for _, k in first]
    already = dict(zip(keys, held_back_roles([c for c, _ in first], keys, {}), strict=True))
    gold = first + more
    later = held_back_roles([c for c, _ in gold], [k for _, k in gold], already)
    assert later[: len(first)] == [already[key] for key in keys]


def test_growing_by_single_items_still_holds_back_a_fifth() -> None:
    already: dict[str, str] = {}
    for n in range(1, 101):
        keys = [str(i) for i in range(n)]
        already = dict(zip(keys, held_back_roles(["a"] * n, keys, already), strict=True))
    assert Counter(already.values()) == {"train": 80, "held_back": 20}


def test_export_splits_are_near_80_10_10_and_depend_on_the_key_alone() -> None:
    counts = Counter(split_of(str(n)) for n in range(20_000))
    assert abs(counts["train"] - 16_000) < 250
    assert abs(counts["validation"] - 2_000) < 200
    assert split_of("a") == split_of("a")

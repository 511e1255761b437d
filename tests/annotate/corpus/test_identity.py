from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotate.corpus.identity import flag_names, id_problem, resolve_duplicates


def test_rows_49_and_57_same_content_under_another_name_is_a_flagged_item() -> None:
    resolved = resolve_duplicates([("a", "1"), ("b", "1"), ("c", "2"), ("d", "1")], {}, {})
    assert [tuple(r) for r in resolved] == [
        ("new", None),
        ("duplicate", "a"),
        ("new", None),
        ("duplicate", "a"),
    ]


def test_row_82_the_same_id_with_the_same_content_is_not_added_again() -> None:
    resolved = resolve_duplicates([("a", "1"), ("b", "2"), ("b", "2")], {"a": "1"}, {"1": "a"})
    assert [r.fate for r in resolved] == ["duplicate_id", "new", "duplicate_id"]


def test_row_83_the_same_id_with_other_content_names_the_item_it_meets() -> None:
    (known, fresh, clash) = resolve_duplicates(
        [("a", "9"), ("b", "2"), ("b", "3")], {"a": "1"}, {"1": "a"}
    )
    assert tuple(known) == ("id_conflict", "a")
    assert fresh.fate == "new"
    assert tuple(clash) == ("id_conflict", "b")


def test_content_of_a_rejected_conflict_is_not_known_afterwards() -> None:
    resolved = resolve_duplicates([("a", "1"), ("a", "2"), ("b", "2")], {}, {})
    assert [r.fate for r in resolved] == ["new", "id_conflict", "new"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), max_size=12))
def test_adding_in_two_batches_decides_like_one(batch: list[tuple[str, str]]) -> None:
    whole = resolve_duplicates(batch, {}, {})
    half = len(batch) // 2
    ids: dict[str, str] = {}
    content: dict[str, str] = {}
    for (item_id, sha256), one in zip(batch[:half], whole, strict=False):
        if one.fate in ("new", "duplicate"):
            ids[item_id] = sha256
            content.setdefault(sha256, item_id)
    assert resolve_duplicates(batch[half:], ids, content) == whole[half:]


def test_ids_may_hold_dots_slashes_and_any_script() -> None:
    for item_id in ("a/b.png", "a..b", "...", "\u00e9\u4e2d", "x" * 4096):
        assert id_problem(item_id) is None
    assert id_problem("\u00e9" * 2049) is not None


def test_names_are_flagged_in_every_part_of_their_path() -> None:
    flags = flag_names(["a/x", "A/x", "nul/b", "b/c", "console", "aux.tar.gz"])
    assert flags == {
        "a/x": ("flag:case_collision",),
        "A/x": ("flag:case_collision",),
        "nul/b": ("flag:windows_name",),
        "aux.tar.gz": ("flag:windows_name",),
    }

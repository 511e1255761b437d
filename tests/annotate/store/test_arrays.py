from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotate.errors import StoreError
from annotate.protocols import Rows
from annotate.store import arrays as arrays_module
from annotate.store.arrays import (
    PartedArray,
    array_settings,
    create_array,
    find_array,
    list_arrays,
)
from annotate.store.database import Store, create_store
from annotate.store.files import write_npy
from annotate.store.paths import ProjectPaths

N_COLUMNS = 3


def make_array(store: Store, name: str = "x", *, part_rows: int = 4) -> PartedArray:
    return create_array(store, "features", name, N_COLUMNS, dtype="float32", part_rows=part_rows)


def values_of(n_rows: int) -> np.ndarray:
    return np.arange(n_rows * N_COLUMNS, dtype=np.float32).reshape(n_rows, N_COLUMNS)


def fill(array: PartedArray, values: np.ndarray) -> list[int]:
    """Write what is missing, as a step does; return the parts it wrote."""
    written = []
    for part_no, start in enumerate(range(0, len(values), array.part_rows)):
        part = values[start : start + array.part_rows]
        if not array.part_covers(part_no, len(part)):
            array.write_part(part_no, part)
            written.append(part_no)
    return written


@pytest.fixture(scope="module")
def long_array(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartedArray]:
    """An array of 23 rows in parts of 4."""
    store = create_store(ProjectPaths(tmp_path_factory.mktemp("arrays") / "project"))
    array = make_array(store)
    fill(array, values_of(23))
    yield array
    store.close()


@given(st.integers(0, 23), st.integers(0, 23))
@settings(max_examples=60, deadline=None)
def test_reading_a_block_equals_slicing(long_array: PartedArray, a: int, b: int):
    start, stop = min(a, b), max(a, b)
    np.testing.assert_array_equal(long_array.read(start, stop), values_of(23)[start:stop])


@given(st.lists(st.integers(0, 22), max_size=40))
@settings(max_examples=60, deadline=None)
def test_taking_rows_equals_indexing(long_array: PartedArray, rows: list[int]):
    wanted = np.array(rows, dtype=np.int64)
    np.testing.assert_array_equal(long_array.take(wanted), values_of(23)[wanted])


def test_it_is_what_algorithms_read(long_array: PartedArray):
    rows: Rows = long_array
    assert rows.shape == (23, N_COLUMNS)


@pytest.mark.parametrize(("start", "stop"), [(0, 24), (-1, 2), (30, 31)])
def test_rows_that_are_not_there_are_named(start: int, stop: int, long_array: PartedArray):
    with pytest.raises(StoreError, match="it has 23 rows"):
        long_array.read(start, stop)
    with pytest.raises(StoreError, match="it has 23 rows"):
        long_array.take(np.array([start, stop - 1]))


def test_half_precision_is_stored_and_single_is_read(store: Store):
    array = create_array(store, "predictions", "p", 2)
    array.write_part(0, np.array([[0.1, np.nan]]))
    assert array.part(0).dtype == np.float16
    assert array.read(0, 1).dtype == np.float32
    np.testing.assert_array_equal(array.read(0, 1), [[np.float16(0.1), np.nan]])


def test_another_process_finds_what_was_written(store: Store):
    fill(make_array(store), values_of(9))
    found = find_array(store, "features", "x")
    assert found is not None
    np.testing.assert_array_equal(found.read(0, 9), values_of(9))
    assert [array.array_id for array in list_arrays(store)] == ["x"]
    assert find_array(store, "features", "y") is None


def test_growth_replaces_only_the_last_part(store: Store):
    array = make_array(store)
    assert fill(array, values_of(10)) == [0, 1, 2]
    assert fill(array, values_of(15)) == [2, 3]
    assert array.shape == (15, N_COLUMNS)
    np.testing.assert_array_equal(array.read(0, 15), values_of(15))


def test_a_reader_keeps_its_part_while_growth_replaces_it(store: Store):
    array = make_array(store)
    fill(array, values_of(2))
    seen = array.part(0)
    array.write_part(0, values_of(4) + 100)
    np.testing.assert_array_equal(seen, values_of(2))


def test_killed_between_file_and_record_one_part_is_redone(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    array = make_array(store)
    fill(array, values_of(8))

    def killed_after(path: Path, values: np.ndarray) -> None:
        write_npy(path, values)
        raise KeyboardInterrupt

    monkeypatch.setattr(arrays_module, "write_npy", killed_after)
    with pytest.raises(KeyboardInterrupt):
        fill(array, values_of(15))
    monkeypatch.undo()
    found = find_array(store, "features", "x")
    assert found is not None
    assert found.n_rows == 8
    assert fill(found, values_of(15)) == [2, 3]
    np.testing.assert_array_equal(found.read(0, 15), values_of(15))


def test_a_gap_ends_the_array(store: Store):
    array = make_array(store)
    array.write_part(0, values_of(4))
    array.write_part(2, values_of(4))
    assert array.n_rows == 4


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [truncate, empty, flip_a_bit, Path.unlink])
def test_only_a_damaged_part_is_redone(damage, store: Store):
    array = make_array(store)
    fill(array, values_of(15))
    damage(array.part_path(1))
    assert array.unsound_parts() == [array.part_path(1)]
    assert fill(array, values_of(15)) == [1]
    assert array.unsound_parts() == []
    np.testing.assert_array_equal(array.read(0, 15), values_of(15))


@pytest.mark.parametrize("damage", [truncate, empty, Path.unlink])
def test_reading_a_damaged_part_names_its_file(damage, store: Store):
    array = make_array(store)
    fill(array, values_of(15))
    damage(array.part_path(1))
    with pytest.raises(StoreError, match=r"part-00001\.npy is damaged"):
        array.read(3, 9)
    np.testing.assert_array_equal(array.read(8, 15), values_of(15)[8:])


def test_a_part_of_another_dtype_is_damaged(store: Store):
    array = make_array(store)
    fill(array, values_of(4))
    write_npy(array.part_path(0), values_of(4).astype(np.float64))
    with pytest.raises(StoreError, match="damaged"):
        array.read(0, 4)


def test_a_pickle_in_a_part_is_never_loaded(store: Store):
    array = make_array(store)
    fill(array, values_of(4))
    np.save(array.part_path(0), np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(StoreError, match="damaged"):
        array.read(0, 4)


@pytest.mark.parametrize("shape", [(0, 3), (5, 3), (2, 2), (3,)])
def test_a_part_of_the_wrong_shape_is_refused(shape: tuple[int, ...], store: Store):
    with pytest.raises(ValueError, match="A part must have shape"):
        make_array(store).write_part(0, np.zeros(shape))


def test_the_hash_of_the_whole_tells_every_byte(store: Store):
    first, second = make_array(store, "a"), make_array(store, "b")
    fill(first, values_of(10))
    fill(second, values_of(10))
    assert first.sha256() == second.sha256()
    changed = values_of(10)
    changed[9, 2] = 0
    second.write_part(2, changed[8:])
    assert first.sha256() != second.sha256()


def test_a_name_keeps_its_shape_and_settings(store: Store):
    create_array(store, "features", "x", 3, settings={"size_px": 32}, part_rows=7)
    again = create_array(store, "features", "x", 3, settings={"size_px": 64}, part_rows=9)
    assert again.part_rows == 7
    assert array_settings(store, "features", "x") == {"size_px": 32, "part_rows": 7}
    assert array_settings(store, "features", "y") == {}
    with pytest.raises(StoreError, match="3 columns of float16, not 4 of float16"):
        create_array(store, "features", "x", 4)

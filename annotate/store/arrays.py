"""Arrays on disk: parts of a fixed number of rows, each written whole or not at all.

A part goes to a temporary name, is synced, renamed, then recorded in the store with its sha256. A
killed step therefore redoes at most one part, and growth replaces only the last one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select

from annotate.errors import StoreError
from annotate.protocols import Ints
from annotate.store.database import Store
from annotate.store.files import file_sha256, write_npy
from annotate.store.tables import arrays, canonical_json, now_utc, parts

PART_ROWS = 4096


class PartedArray:
    """One two-dimensional array of the project, row = item_no.

    Meets ``protocols.Rows``: blocks are read as float32 from memory-mapped parts. Reading checks
    a part's shape and dtype; its hash is checked where a step decides what to redo
    (``part_covers``) and by ``annotate doctor``, because hashing costs more than reading.
    """

    def __init__(
        self, store: Store, kind: str, array_id: str, n_columns: int, dtype: str, *, part_rows: int
    ) -> None:
        self.kind, self.array_id = kind, array_id
        self.n_columns, self.dtype, self.part_rows = n_columns, np.dtype(dtype), part_rows
        self.folder = store.paths.array(kind, array_id)
        self._store = store
        with store.read() as connection:
            self._recorded = _recorded_parts(connection, kind, array_id)

    @property
    def n_rows(self) -> int:
        """Return how many rows are complete from the front."""
        n_rows = 0
        for part_no in range(len(self._recorded)):
            if part_no not in self._recorded:
                break
            n_rows += self._recorded[part_no][0]
            if self._recorded[part_no][0] < self.part_rows:
                break
        return n_rows

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n_rows, n_columns)."""
        return self.n_rows, self.n_columns

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows start to stop - 1 as float32.

        Raises
        ------
        StoreError
            If a part of them is not on record, or its file is damaged.
        """
        self._check_covers(start, stop)
        out = np.empty((stop - start, self.n_columns), dtype=np.float32)
        row = start
        while row < stop:
            part_no, offset = divmod(row, self.part_rows)
            take = min(stop - row, self.part_rows - offset)
            out[row - start : row - start + take] = self.part(part_no)[offset : offset + take]
            row += take
        return out

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the given rows, in the order given, as float32.

        Raises
        ------
        StoreError
            If a part of them is not on record, or its file is damaged.
        """
        wanted = np.asarray(rows, dtype=np.intp)
        out = np.empty((len(wanted), self.n_columns), dtype=np.float32)
        if not len(wanted):
            return out
        first, last = int(wanted.min()), int(wanted.max())
        if last - first + 1 == len(wanted) and (np.diff(wanted) == 1).all():
            return self.read(first, last + 1)
        self._check_covers(first, last + 1)
        order = np.argsort(wanted, kind="stable")
        part_of = wanted[order] // self.part_rows
        for here in np.split(order, np.flatnonzero(np.diff(part_of)) + 1):
            part_no = int(wanted[here[0]]) // self.part_rows
            out[here] = self.part(part_no)[wanted[here] - part_no * self.part_rows]
        return out

    def part(self, part_no: int) -> NDArray[Any]:
        """Return one part, memory-mapped in its stored dtype."""
        if part_no not in self._recorded:
            raise StoreError(self._too_short(part_no * self.part_rows))
        path = self.part_path(part_no)
        n_rows = self._recorded[part_no][0]
        try:
            values = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise StoreError(_damaged(path, error)) from error
        if values.shape != (n_rows, self.n_columns) or values.dtype != self.dtype:
            raise StoreError(_damaged(path, f"{values.dtype} of shape {values.shape}"))
        return values

    def part_is_sound(self, part_no: int) -> bool:
        """Return whether the part is recorded and its bytes still have the recorded hash."""
        if part_no not in self._recorded:
            return False
        path = self.part_path(part_no)
        return path.exists() and file_sha256(path) == self._recorded[part_no][1]

    def part_covers(self, part_no: int, n_rows: int) -> bool:
        """Return whether the part is sound and holds ``n_rows`` rows: it need not be made again."""
        recorded = self._recorded.get(part_no)
        return recorded is not None and recorded[0] == n_rows and self.part_is_sound(part_no)

    def write_part(self, part_no: int, values: NDArray[Any]) -> None:
        """Put one part on disk, then on record.

        Parameters
        ----------
        part_no : int
            Which part; it replaces the one that is there.
        values : array of shape (1 to part_rows, n_columns)
            Stored in the array's own dtype. Only an array's last part may be short.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        if values.shape[1:] != (self.n_columns,) or not 1 <= len(values) <= self.part_rows:
            raise ValueError(
                f"A part must have shape (1 to {self.part_rows}, {self.n_columns});"
                f" got {values.shape}."
            )
        path = self.part_path(part_no)
        write_npy(path, np.ascontiguousarray(values, dtype=self.dtype))
        entry = (len(values), file_sha256(path))
        with self._store.write() as connection:
            here = (
                (parts.c.kind == self.kind)
                & (parts.c.array_id == self.array_id)
                & (parts.c.part_no == part_no)
            )
            connection.execute(delete(parts).where(here))
            connection.execute(
                insert(parts).values(
                    kind=self.kind, array_id=self.array_id, part_no=part_no,
                    n_rows=entry[0], sha256=entry[1],
                )
            )  # fmt: skip
        self._recorded[part_no] = entry

    def sha256(self) -> str:
        """Return one hash over all parts, equal when every byte is equal."""
        digest = hashlib.sha256()
        for part_no in sorted(self._recorded):
            digest.update(self._recorded[part_no][1].encode())
        return digest.hexdigest()

    def unsound_parts(self) -> list[Path]:
        """Return the files whose bytes do not have the recorded hash; reads them all."""
        return [path for no, path in self.part_files() if not self.part_is_sound(no)]

    def part_files(self) -> list[tuple[int, Path]]:
        """Return (part_no, file) of every part on record, in order."""
        return [(part_no, self.part_path(part_no)) for part_no in sorted(self._recorded)]

    def _check_covers(self, start: int, stop: int) -> None:
        if not 0 <= start <= stop <= self.n_rows:
            raise StoreError(self._too_short(start if start < 0 else stop - 1))

    def _too_short(self, row: int) -> str:
        return (
            f"Array {self.kind}/{self.array_id} must cover row {row:,}; it has {self.n_rows:,}"
            " rows. Run the step that makes it again."
        )

    def part_path(self, part_no: int) -> Path:
        """Return the file of one part, there or not."""
        return self.folder / f"part-{part_no:05d}.npy"


def create_array(
    store: Store,
    kind: str,
    array_id: str,
    n_columns: int,
    *,
    dtype: str = "float16",
    settings: Mapping[str, Any] | None = None,
    part_rows: int = PART_ROWS,
) -> PartedArray:
    """Return the array of that name, made if it is not there yet.

    Parameters
    ----------
    kind : str
        ``features``, ``predictions``, ``neighbours`` or ``projections``: the folder it lies in.
    dtype : str
        What is stored; reading always gives float32.
    settings : mapping, optional
        How the array was made; must fit into JSON. Kept from the first call.
    part_rows : int
        Rows in every part but the last. Kept from the first call.

    Raises
    ------
    StoreError
        If an array of that name has another width or dtype.
    """
    existing = find_array(store, kind, array_id)
    if existing is None:
        with store.write() as connection:
            connection.execute(
                insert(arrays).values(
                    kind=kind, array_id=array_id, n_columns=n_columns, dtype=dtype,
                    settings=canonical_json({**(settings or {}), "part_rows": part_rows}),
                    created_at_utc=now_utc(),
                )
            )  # fmt: skip
        return PartedArray(store, kind, array_id, n_columns, dtype, part_rows=part_rows)
    if (existing.n_columns, existing.dtype) != (n_columns, np.dtype(dtype)):
        raise StoreError(
            f"Array {kind}/{array_id} must keep its shape; it holds {existing.n_columns} columns of"
            f" {existing.dtype}, not {n_columns} of {dtype}. Give the new one another id."
        )
    return existing


def find_array(store: Store, kind: str, array_id: str) -> PartedArray | None:
    """Return the array of that name, or None."""
    with store.read() as connection:
        row = connection.execute(
            select(arrays).where((arrays.c.kind == kind) & (arrays.c.array_id == array_id))
        ).one_or_none()
    if row is None:
        return None
    part_rows = json.loads(row.settings)["part_rows"]
    return PartedArray(store, kind, array_id, row.n_columns, row.dtype, part_rows=part_rows)


def array_settings(store: Store, kind: str, array_id: str) -> dict[str, Any]:
    """Return the settings an array was made with."""
    with store.read() as connection:
        value = connection.scalar(
            select(arrays.c.settings).where(
                (arrays.c.kind == kind) & (arrays.c.array_id == array_id)
            )
        )
    return dict(json.loads(value)) if value else {}


def list_arrays(store: Store) -> list[PartedArray]:
    """Return every array on record, oldest first."""
    with store.read() as connection:
        names = connection.execute(
            select(arrays.c.kind, arrays.c.array_id).order_by(arrays.c.created_at_utc)
        ).all()
    found = (find_array(store, kind, array_id) for kind, array_id in names)
    return [array for array in found if array is not None]


def _recorded_parts(connection: Connection, kind: str, array_id: str) -> dict[int, tuple[int, str]]:
    rows = connection.execute(
        select(parts.c.part_no, parts.c.n_rows, parts.c.sha256).where(
            (parts.c.kind == kind) & (parts.c.array_id == array_id)
        )
    )
    return {part_no: (n_rows, sha256) for part_no, n_rows, sha256 in rows}


def _damaged(path: Path, why: object) -> str:
    return (
        f"An array part must be as it was written; {path} is damaged ({why})."
        " Run the step that made it again: it redoes damaged parts only."
    )

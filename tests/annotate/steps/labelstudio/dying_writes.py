"""A process that dies while it writes the store."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from annotate.store.database import Store
from tests.annotate.bridges.label_studio.fake_server import Killed


class DyingWrites:
    """While entered, the process dies at one of the store's writes, before or after its commit."""

    def __init__(self, write, at, after_commit):
        self._write, self._at, self._after = write, at, after_commit
        self.count = 0

    def __enter__(self):
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(Store, "write", lambda store: self._dying(store))

    def __exit__(self, *error):
        self._patch.undo()

    @contextmanager
    def _dying(self, store):
        dies, self.count = self.count == self._at, self.count + 1
        with self._write(store) as connection:
            yield connection
            if dies and not self._after:
                raise Killed
        if dies:
            raise Killed

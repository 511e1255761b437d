"""What queue orders may read of a project, and which items an order asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotate.errors import NotReadyError, UnknownNameError
from annotate.protocols import NO_LABEL, Ints, Rows
from annotate.schema import Schema
from annotate.steps.corpus_view import StoredCorpus, current_features
from annotate.steps.predicting import CorpusProba, StoredProba
from annotate.steps.workspace import Workspace
from annotate.store.history import list_predictions


class StoredSources:
    """An open project as ``OrderSources``.

    Parameters
    ----------
    current : CorpusProba or None
        The prediction that was summarised.
    current_id : str or None
        Its id.
    """

    def __init__(
        self,
        workspace: Workspace,
        schema: Schema,
        current: CorpusProba | None,
        current_id: str | None,
        n_items: int,
    ) -> None:
        self._workspace = workspace
        self._schema = schema
        self._current = current
        self._current_id = current_id
        self._n_items = n_items

    def features(self) -> Rows:
        """Return the newest features that cover every item."""
        return current_features(self._workspace, self._n_items)

    def neighbours(self, k: int) -> Ints:
        """Return the nearest other items by the newest features, if training has found them.

        Finding them takes minutes in a large corpus: too long for a page that opens.
        """
        view = StoredCorpus(self._workspace, np.full(self._n_items, NO_LABEL))
        if not view.has_neighbours():
            raise NotReadyError(
                "This queue order needs each item's neighbours; they have not been found yet."
                " Run `annotate train`."
            )
        return view.neighbours(min(k, self._n_items - 1))

    def prediction(self) -> Rows:
        """Return the prediction that was summarised."""
        if self._current is None:
            raise NotReadyError(
                "This queue order needs a prediction; there is none. Run `annotate predict`."
            )
        return ProbaInForce(self._current, self._schema, self._n_items)

    def predictions(self) -> Sequence[Rows]:
        """Return the newest prediction of each teacher, and the head round's."""
        with self._workspace.store.read() as connection:
            records = [r for r in list_predictions(connection) if r["round_no"] is None]
        newest = {record["teacher"]: record["prediction_id"] for record in records}
        found: dict[str, CorpusProba] = {
            number: StoredProba(self._workspace.store, number, self._schema)
            for number in newest.values()
        }
        if self._current is not None and self._current_id is not None:
            found[self._current_id] = self._current
        if len(found) < 2:
            raise NotReadyError(
                "The queue order disagreement needs what two teachers or more said; there"
                f" {'is one' if found else 'is none'}. Run `annotate predict --teacher NAME` with"
                " another, `annotate predictions import`, or `annotate train`."
            )
        return [ProbaInForce(said, self._schema, self._n_items) for said in found.values()]

    def class_no(self, name: str) -> int:
        """Return the number of an active class."""
        numbers = {spec.name: spec.class_no for spec in self._schema.active}
        if name not in numbers:
            raise UnknownNameError("class", name, numbers)
        return numbers[name]


class ProbaInForce:
    """A stored prediction over the items and classes there are now, as ``Rows``.

    Retired classes have probability 0, the others sum to 1; items that came later have no answer.
    """

    def __init__(self, stored: CorpusProba, schema: Schema, n_items: int) -> None:
        self._stored = stored
        self._retired = np.array([spec.retired for spec in schema.classes])
        self._n_items = n_items

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n_items, n_classes)."""
        return self._n_items, len(self._retired)

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return rows start to stop - 1."""
        return self.take(np.arange(start, stop))

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the given rows, in the order given."""
        proba = self._stored.take(rows)
        out = np.zeros((len(rows), len(self._retired)), dtype=np.float32)
        out[:, : proba.shape[1]] = proba
        out[:, self._retired] = 0
        with np.errstate(invalid="ignore"):
            out /= out.sum(axis=1, keepdims=True)  # NaN where nothing in force is left
        return out

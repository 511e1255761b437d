"""Accept what an item's neighbours agree with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from annotate.compute.edge_list import Graph, edges_to_graph, read_edges
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import Candidates, find_candidates
from annotate.selection.settings import read_share

N_VOTERS = 15
ROWS_PER_BLOCK = 65_536


class Agreement:
    """Accept an item if at least a share of its neighbours have the same class.

    Its neighbours are the 15 nearest by features, or those that a graph of your own gives it.

    A neighbour votes with its given label if it has one, else with its likeliest class; neighbours
    without either do not vote, nor do labels that only measure, and an item without voters is
    rejected.

    Parameters
    ----------
    min_share : float or str
        0 to 1; registered as ``agreement:0.5``. After an ``@`` may come a file of edges, as the
        teacher ``propagation`` takes it: ``agreement:0.5@EDGES.csv``.

    References
    ----------
    The vote is that of HAST (Schröder & Heyer 2024): 15 neighbours, more than half; on a graph it
    is the context label of SelfTask-GNN (Jin et al. 2020) at one step. Differs in that given labels
    vote too, and that confidence is left to other selectors of a chain.
    """

    def __init__(self, min_share: float | str = 0.5) -> None:
        share, _, self._edges_file = str(min_share).partition("@")
        self.min_share = read_share(share, "The share of neighbours that agree")
        given = f"@{self._edges_file}" if self._edges_file else ""
        self.name = f"agreement:{self.min_share:g}{given}"
        self.needs: frozenset[Need] = frozenset({"ids" if self._edges_file else "neighbours"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far.

        Raises
        ------
        NotReadyError
            If the context has no neighbours.
        SourceError
            If the file of edges cannot be used.
        """
        found = find_candidates(proba, context)
        votes = context.teaching.astype(np.int32)
        likeliest = found if context.candidates is None else _likeliest(proba, context)
        votes[likeliest.rows] = likeliest.classes
        accepted = self._shares(found, votes, context) >= self.min_share
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", f"fewer than {self.min_share:.0%} of its neighbours agree"),
        )

    def _shares(
        self, found: Candidates, votes: Ints, context: SelectionContext
    ) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        if self._edges_file:
            if context.rows_of is None:
                raise ValueError(f"The selector {self.name} needs rows_of in its context.")
            edges = read_edges(Path(self._edges_file), context.rows_of)
            return graph_vote_shares(found, votes, edges_to_graph(edges, len(votes)))
        if context.neighbours is None:
            raise NotReadyError(
                f"The selector {self.name} needs each item's neighbours, which come from features;"
                " there are none. Run `annotate embed` first."
            )
        return vote_shares(found, votes, context.neighbours[:, :N_VOTERS])


def _likeliest(proba: Floats | Rows, context: SelectionContext) -> Candidates:
    """Return the likeliest class of every open item, whatever the chain accepted so far."""
    return find_candidates(
        proba,
        SelectionContext(labels=context.labels, class_active=context.class_active),
    )


def vote_shares(
    found: Candidates, votes: Ints, neighbours: Ints
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return which share of the voting neighbours have the candidate's class; NaN without any."""
    shares = np.empty(len(found.rows), dtype=np.float32)
    for start in range(0, len(shares), ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        cast = votes[neighbours[found.rows[block]]]
        n_voting = (cast != NO_LABEL).sum(axis=1)
        n_agreeing = (cast == found.classes[block][:, None]).sum(axis=1)
        shares[block] = np.where(n_voting > 0, n_agreeing / np.maximum(n_voting, 1), np.nan)
    return shares


def graph_vote_shares(
    found: Candidates, votes: Ints, graph: Graph
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the same for neighbours in a graph, of which an item may have any number."""
    shares = np.empty(len(found.rows), dtype=np.float32)
    for start in range(0, len(shares), ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        edges = graph[found.rows[block]].tocoo()
        ends, cast = edges.coords[0], votes[edges.coords[1]]
        n_rows = edges.shape[0]
        n_voting = np.bincount(ends[cast != NO_LABEL], minlength=n_rows)
        agree = cast == found.classes[block][ends]
        n_agreeing = np.bincount(ends[agree], minlength=n_rows)
        shares[block] = np.where(n_voting > 0, n_agreeing / np.maximum(n_voting, 1), np.nan)
    return shares

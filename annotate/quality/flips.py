"""What changed its class between two rounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.protocols import NO_LABEL, Ints


@dataclass(frozen=True)
class Flip:
    """Items that went from one class to another; -1 is no label.

    ``rows`` are the first few of the ``n`` items, ascending.
    """

    before: int
    after: int
    n: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Flips:
    """All changes between two label arrays, the most frequent first."""

    n_items: int
    n_changed: int
    pairs: tuple[Flip, ...]


def find_flips(before: Ints, after: Ints, n_pairs: int = 20, n_examples: int = 3) -> Flips:
    """Return which classes turned into which, and examples of each.

    Parameters
    ----------
    before, after : int arrays of shape (n_items,)
        Classes of the same items in two rounds, -1 = none.
    n_pairs : int
        How many (before, after) pairs to return; equal counts keep class order.
    n_examples : int
        Rows kept for each pair.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if before.shape != after.shape or before.ndim != 1:
        raise ValueError(
            f"before and after must be the same items; got shapes {before.shape} and {after.shape}."
        )
    changed = np.flatnonzero(before != after)
    # One number a pair. Shifted by one, so that "no label" is a class like the others.
    stride = int(max(before.max(initial=NO_LABEL), after.max(initial=NO_LABEL))) + 2
    codes = (before[changed].astype(np.int64) + 1) * stride + after[changed] + 1
    # Stable, so that the rows of a pair stay ascending.
    by_code = np.argsort(codes, kind="stable")
    unique, starts, counts = np.unique(codes[by_code], return_index=True, return_counts=True)
    most_frequent = np.argsort(-counts, kind="stable")[:n_pairs]
    pairs = tuple(
        Flip(
            before=int(unique[i] // stride) - 1,
            after=int(unique[i] % stride) - 1,
            n=int(counts[i]),
            rows=tuple(
                changed[by_code[starts[i] : starts[i] + min(counts[i], n_examples)]].tolist()
            ),
        )
        for i in most_frequent
    )
    return Flips(n_items=len(before), n_changed=len(changed), pairs=pairs)

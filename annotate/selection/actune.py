"""Accept the surest items of the parts of the corpus where the teacher is surest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from annotate.compute.seeding import seeded_generator
from annotate.errors import NotReadyError
from annotate.protocols import (
    NO_LABEL,
    Bools,
    Floats,
    Ints,
    Need,
    Rows,
    Selection,
    SelectionContext,
)
from annotate.selection.candidates import (
    ROWS_PER_BLOCK,
    Candidates,
    active_classes,
    find_candidates,
    read_history,
    read_rows,
)
from annotate.selection.uncertainty import normalised_entropy

# Published.
FIRST_MOMENTUM, LAST_MOMENTUM = 0.8, 0.9
LEAST_CONFIDENCE = 0.6
N_REGIONS = 10
N_SURE_REGIONS = 5
PER_REGION = 5
OF_CLASSES = 0.5
# Ours: regions are found on so many items.
MOST_CLUSTERED = 20_000


class AcTune:
    """Accept the five surest items, above 0.6, of each of the five surest of ten regions.

    Probabilities are a running mean over the rounds: m times what a round says, 1 - m times the
    mean before, m from 0.8 to 0.9. Regions are those of k-means on the features, in which items
    count by their entropy; a region is the surer, the lower the mean entropy of its items plus half
    the entropy of the classes that occur in it. The accepted weigh together as much as all given
    labels.

    References
    ----------
    AcTune as reproduced by Schröder & Heyer 2024 (HAST), EMNLP. Differs in that k-means sees 20,000
    items at most, and that the class is this round's, whose mean probability must be above 0.6.
    """

    name = "actune"
    needs: frozenset[Need] = frozenset({"features", "history"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far.

        Raises
        ------
        NotReadyError
            If the context has no features.
        """
        found = find_candidates(proba, context)
        confidence, uncertainty = running_mean(proba, context, found)
        regions = find_regions(found, uncertainty, context)
        sure = surest_regions(
            regions, found.classes, uncertainty, active_classes(context, proba.shape[1])
        )
        in_sure = np.isin(regions, sure)
        confident = confidence > LEAST_CONFIDENCE
        accepted = first_of_each(regions, uncertainty, in_sure & confident)
        n_given = max(int((context.teaching != NO_LABEL).sum()), 1)
        weight = n_given / max(int(accepted.sum()), 1)
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=np.where(accepted, weight, 0).astype(np.float32),
            reasons=np.select([accepted, ~in_sure, ~confident], [0, 1, 2], 3).astype(np.int8),
            reason_names=(
                "accepted",
                f"not in one of the {N_SURE_REGIONS} surest regions",
                f"mean confidence over the rounds not above {LEAST_CONFIDENCE:g}",
                f"not among the {PER_REGION} surest of its region",
            ),
        )


def running_mean(
    proba: Floats | Rows, context: SelectionContext, found: Candidates
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n_considered,) the running mean's probability of each pair, and its entropy.

    Entropy is 0 to 1, over that of equal probabilities. A round without an answer for an item does
    not count for it.
    """
    n_active = int(active_classes(context, proba.shape[1]).sum())
    confidence, uncertainty = np.empty(len(found.rows)), np.empty(len(found.rows))
    for start in range(0, len(confidence), ROWS_PER_BLOCK):
        block = slice(start, start + ROWS_PER_BLOCK)
        rows = found.rows[block]
        rounds = (*read_history(proba, rows, context), read_rows(proba, rows, context))
        mean = rounds[0].astype(np.float64)
        for round_no, said in enumerate(rounds[1:], start=2):
            momentum = _momentum(round_no, context.n_rounds)
            mixed = momentum * said + (1 - momentum) * mean
            mean = np.where(np.isnan(mean), said, np.where(np.isnan(said), mean, mixed))
        confidence[block] = mean[np.arange(len(rows)), found.classes[block]]
        uncertainty[block] = normalised_entropy(mean, n_active)
    return confidence, uncertainty


def find_regions(
    found: Candidates, uncertainty: Floats, context: SelectionContext
) -> NDArray[np.int32]:
    """Return (n_considered,) each pair's region, -1 where its item has no features.

    Raises
    ------
    NotReadyError
        If the context has no features.
    """
    from sklearn.cluster import KMeans

    if context.features is None:
        raise NotReadyError(
            "The selector actune needs features; there are none. Run `annotate embed` first."
        )
    generator = seeded_generator(context.seed, "actune", context.round_no)
    n = len(found.rows)
    drawn = np.sort(generator.choice(n, min(n, MOST_CLUSTERED), replace=False))
    values = context.features.take(found.rows[drawn])
    usable = np.isfinite(values).all(axis=1)
    regions = np.full(n, -1, dtype=np.int32)
    if not usable.any():
        return regions
    weights = uncertainty[drawn][usable]
    k_means = KMeans(
        min(N_REGIONS, int(usable.sum())), n_init=1, random_state=int(generator.integers(2**31))
    ).fit(values[usable], sample_weight=weights if weights.any() else None)
    for start in range(0, n, ROWS_PER_BLOCK):
        block = context.features.take(found.rows[start : start + ROWS_PER_BLOCK])
        has_features = np.isfinite(block).all(axis=1)
        if has_features.any():
            inside = start + np.flatnonzero(has_features)
            regions[inside] = k_means.predict(block[has_features])
    return regions


def surest_regions(
    regions: Ints, classes: Ints, uncertainty: Floats, active: Bools
) -> NDArray[np.int64]:
    """Return the five surest regions, surest first.

    Parameters
    ----------
    regions : int array of shape (n,)
        From 0, -1 = none.
    classes : int array of shape (n,)
    uncertainty : float array of shape (n,)
        Entropies, 0 to 1.
    active : bool array of shape (n_classes,)
    """
    counts = np.zeros((N_REGIONS, len(active)))
    inside = regions >= 0
    np.add.at(counts, (regions[inside], classes[inside]), 1)
    sizes = counts.sum(axis=1)
    present = np.flatnonzero(sizes)
    totals = np.bincount(regions[inside], weights=uncertainty[inside], minlength=N_REGIONS)
    mean_entropy = totals[present] / sizes[present] * np.log(active.sum())
    shares = counts[present] / sizes[present, None]
    # Sorted, so that the sum is the same however classes are numbered.
    scores = mean_entropy + OF_CLASSES * entr(np.sort(shares, axis=1)).sum(axis=1)
    return present[np.argsort(scores, kind="stable")[:N_SURE_REGIONS]]


def first_of_each(regions: Ints, uncertainty: Floats, may: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (n,) which are among the five least uncertain of their region that may be."""
    eligible = np.flatnonzero(may)
    order = eligible[np.lexsort((uncertainty[eligible], regions[eligible]))]
    counts = np.bincount(regions[order], minlength=N_REGIONS)
    starts = np.cumsum(counts) - counts
    place = np.arange(len(order)) - starts[regions[order]]
    kept = np.zeros(len(regions), dtype=np.bool_)
    kept[order[place < PER_REGION]] = True
    return kept


def _momentum(round_no: int, n_rounds: int) -> float:
    done = min(round_no / max(n_rounds, 1), 1)
    return FIRST_MOMENTUM + (LAST_MOMENTUM - FIRST_MOMENTUM) * done

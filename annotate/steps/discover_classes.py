"""Find classes that nobody named: what shifts together across the groups that items come in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import Progress, no_progress
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import read_given_labels
from annotate.steps.workspace import Workspace
from annotate.store.files import write_bytes
from annotate.store.items import read_items
from annotate.teachers.latent_shift import cross_fitted_domains, find_latent_classes

N_EXAMPLES = 3
FEWEST_IN_GROUP = 20


@dataclass(frozen=True)
class FoundClass:
    """A class without a name: its items, the surest of them, and its share of each group."""

    name: str
    n_items: int
    examples: tuple[str, ...]
    share_by_group: dict[str, float]


@dataclass(frozen=True)
class DiscoverReport:
    """What shifts together.

    Attributes
    ----------
    group_accuracy : float
        How often an item's group is guessed from its features; by chance it is one in
        ``n_groups``. If groups cannot be told apart, nothing can be found.
    error : float
        How far groups are from being mixtures of the classes, 0 if they are exactly.
    """

    n_items: int
    n_groups: int
    group_accuracy: float
    error: float
    classes: tuple[FoundClass, ...]


def discover_classes(
    workspace: Workspace,
    n_classes: int,
    *,
    out: Path | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> DiscoverReport:
    """Find classes by the groups that items were added with; labels are not looked at.

    Groups must have the same classes in different shares, and each class must look the same in all
    of them. Nothing in the project is changed.

    Parameters
    ----------
    n_classes : int
        2 to the number of groups.
    out : Path, optional
        CSV to write: id, and the probability of each class found, in columns class_1, class_2, ...
    seed : int

    Raises
    ------
    NotReadyError
        If there are no features, or not two groups with enough items.
    ConfigError
        If there are more classes than groups.
    """
    view = StoredCorpus(workspace, read_given_labels(workspace).training, progress=progress)
    features = view.features().read(0, view.n_items)
    with workspace.store.read() as connection:
        items = read_items(connection, ["item_id", "group_key"])
    usable = np.isfinite(features).all(axis=1) & items["group_key"].notna().to_numpy()
    keys = items["group_key"].where(usable)
    large = keys.map(keys.value_counts()).fillna(0).to_numpy() >= FEWEST_IN_GROUP
    rows = np.flatnonzero(usable & large)
    domains, names = pd.factorize(keys.iloc[rows], sort=True)
    if len(names) < 2:
        raise NotReadyError(
            f"Classes can be found across two groups or more of {FEWEST_IN_GROUP} items or more;"
            f" there are {len(names)}. Add the corpus with --group-column."
        )
    if not 2 <= n_classes <= len(names):
        raise ConfigError(
            f"The number of classes must be 2 to {len(names)}, the number of groups; got"
            f" {n_classes}."
        )
    told = cross_fitted_domains(features[rows], domains, seed=seed)
    found = find_latent_classes(told, domains, n_classes, seed=seed)
    ids = items["item_id"].iloc[rows].to_numpy()
    if out is not None:
        columns = {f"class_{number + 1}": found.proba[:, number] for number in range(n_classes)}
        table = pd.DataFrame({"id": ids, **columns})
        write_bytes(out.absolute(), table.to_csv(index=False).encode())
    likeliest = found.proba.argmax(axis=1)
    classes = []
    for number in range(n_classes):
        surest = np.argsort(-found.proba[:, number], kind="stable")[:N_EXAMPLES]
        shares = dict(zip(map(str, names), found.shares[number].tolist(), strict=True))
        n_own = int((likeliest == number).sum())
        classes.append(FoundClass(f"class_{number + 1}", n_own, tuple(ids[surest]), shares))
    return DiscoverReport(
        len(rows), len(names), float((told.argmax(axis=1) == domains).mean()), found.error,
        tuple(classes),
    )  # fmt: skip

"""The data sets that methods are compared on, each read from a folder as it is published."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from annotate.protocols import NO_LABEL, Encoder, Floats, Ints

# Shares of a corpus: how right plain margin sampling is after so many answers is the target.
SHARES_ANSWERED = (0.1, 0.15, 0.2)


@dataclass(frozen=True)
class Corpus:
    """One data set.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Those a project is given; in an open set there are items of others.
    truth : int array of shape (n_items,)
        Class numbers; -1 for an item of a class that the project is not given.
    texts : list of str, optional
        An encoder embeds them.
    features : float array of shape (n_items, dim), optional
        Ready-made, where there are no texts.
    given : int array of shape (n_items,), optional
        Labels of doubtful quality that came with every item; they are the teacher.
    votes : int array of shape (n_items, n_sources), optional
        Class numbers that weak sources vote for; -1 where one abstains.
    links : int array of shape (n_links, 2), optional
        Which items are joined, where the corpus is a graph.
    targets : tuple of float
        Shares of the corpus to be rightly labelled; empty for those that plain margin sampling
        reaches with ``SHARES_ANSWERED``.
    selectors, students : tuple of str
        A scenario's methods, the plain way first; empty to compare all there are.
    """

    name: str
    classes: tuple[str, ...]
    truth: Ints
    texts: list[str] | None = None
    features: Floats | None = None
    given: Ints | None = None
    votes: Ints | None = None
    links: Ints | None = None
    targets: tuple[float, ...] = ()
    selectors: tuple[str, ...] = ()
    students: tuple[str, ...] = ()

    @property
    def is_scenario(self) -> bool:
        """Return whether only some methods are meant for it."""
        return bool(self.selectors or self.students)

    def take(self, rows: Ints) -> Corpus:
        """Return some of its items."""
        return replace(
            self,
            truth=self.truth[rows],
            texts=None if self.texts is None else [self.texts[row] for row in rows],
            features=None if self.features is None else self.features[rows],
            given=None if self.given is None else self.given[rows],
            votes=None if self.votes is None else self.votes[rows],
            links=None if self.links is None else links_among(self.links, rows),
        )


def read_ag_news(data: Path) -> Corpus:
    """AG News (Zhang et al. 2015), the test part: 4 equal classes."""
    table = pd.read_parquet(data / "ag_news_test" / "ag_news_test.parquet")
    names = ("World", "Sports", "Business", "Sci/Tech")
    # So joined, plain margin sampling needs the answers it is known to need; without the full stop
    # a tenth more.
    texts = (table["title"] + ". " + table["description"]).tolist()
    truth = numbers_of(table["label_name"], names)
    return Corpus("ag_news", names, truth, texts=texts, targets=(0.9, 0.92, 0.95))


def read_banking77(data: Path) -> Corpus:
    """BANKING77 (Casanueva et al. 2020): 77 confusable intents."""
    table = pd.read_parquet(data / "banking77" / "banking77.parquet")
    names = tuple(sorted(table["label"].unique()))
    truth = numbers_of(table["label"], names)
    return Corpus("banking77", names, truth, texts=table["text"].tolist())


def read_wrench(data: Path, name: str) -> Corpus:
    """One of the data sets of WRENCH (Zhang et al. 2021), all splits, with its rules' votes."""
    folder = data / f"wrench_{name}"
    table = pd.read_parquet(folder / f"{name}.parquet")
    label_of = json.loads((folder / "label.json").read_text(encoding="utf-8"))
    names = tuple(label_of[str(number)] for number in range(len(label_of)))
    votes = np.stack(table["weak_labels"].to_numpy()).astype(np.int64)
    return Corpus(name, names, table["label"].to_numpy(), texts=table["text"].tolist(), votes=votes)


def read_trashnet(data: Path) -> Corpus:
    """TrashNet (Yang & Thung 2016): MobileNet features of 2,527 photographs."""
    folder = data / "trashnet_128"
    labels = pd.read_csv(folder / "truth.csv")["label"]
    names = tuple(sorted(labels.unique()))
    features = np.load(folder / "features_mobilenet_v1.npy", allow_pickle=False)
    return Corpus(
        "trashnet", names, numbers_of(labels, names),
        features=features.astype(np.float32), targets=(0.85, 0.9, 0.95),
    )  # fmt: skip


def read_cifar10(data: Path) -> Corpus:
    """CIFAR-10 (Krizhevsky 2009): MobileNet features of the first 10,000 training pictures."""
    folder = data / "cifar10"
    labels = pd.read_csv(folder / "truth_train10k.csv")["label"]
    names = tuple(sorted(labels.unique().astype(str)))
    features = np.load(folder / "features_mobilenet_v1_pca256_train10k.npy", allow_pickle=False)
    truth = numbers_of(labels.astype(str), names)
    return Corpus("cifar10", names, truth, features=features.astype(np.float32))


def read_cora(data: Path) -> Corpus:
    """Cora (Sen et al. 2008): words of 2,708 papers, and who cites whom."""
    parts = np.load(data / "graph_cora" / "cora.npz", allow_pickle=False)
    words = csr_matrix(
        (parts["x_data"], parts["x_indices"], parts["x_indptr"]), shape=tuple(parts["x_shape"])
    )
    truth = parts["y"].astype(np.int64)
    truth = truth.argmax(axis=1) if truth.ndim == 2 else truth
    names = tuple(f"topic {number}" for number in range(truth.max() + 1))
    return Corpus(
        "cora", names, truth,
        features=words.toarray().astype(np.float32), links=parts["edge_index"].T.astype(np.int64),
    )  # fmt: skip


def read_long_tail(data: Path) -> Corpus:
    """CIFAR-10 cut so that the largest class has 50 times the items of the smallest."""
    whole = read_cifar10(data)
    sizes = np.bincount(whole.truth)
    places = np.arange(len(sizes)) / (len(sizes) - 1)
    kept_of = np.round(sizes.max() * 50.0**-places).astype(int)
    rows = [np.flatnonzero(whole.truth == c)[:n] for c, n in enumerate(kept_of)]
    return replace(
        whole.take(np.sort(np.concatenate(rows))),
        name="cifar10_long_tail",
        selectors=("default", "prior_quota", "logit_adjusted", "growing_quota", "growing_share"),
    )


def read_open_set(data: Path) -> Corpus:
    """BANKING77 with every second intent withheld: its items are there, its class is not."""
    whole = read_banking77(data)
    kept = range(0, len(whole.classes), 2)
    number_of = np.full(len(whole.classes), NO_LABEL)
    number_of[list(kept)] = np.arange(len(kept))
    return replace(
        whole,
        name="banking77_open_set",
        classes=tuple(whole.classes[number] for number in kept),
        truth=number_of[whole.truth],
        selectors=("default", "novelty", "novelty+growing", "agreement", "threshold"),
    )


def read_noisy_labels(data: Path) -> Corpus:
    """CIFAR-10N (Wei et al. 2022), "worse": 40 % of the labels that people gave are wrong."""
    labels = pd.read_parquet(data / "cifar10n" / "labels10k.parquet")
    return replace(
        read_cifar10(data),
        name="cifar10n_worse",
        # The columns hold the classes by number, in the order of the names.
        given=labels["worse"].to_numpy().astype(np.int64),
        selectors=(
            "threshold:0.5", "default", "leave_one_out", "hast", "agreement",
            "leave_one_out+agreement",
        ),
    )  # fmt: skip


def links_among(links: Ints, rows: Ints) -> Ints:
    """Return the links whose ends are both among some rows, by their places there."""
    place_of = np.full(links.max(initial=-1) + 1, NO_LABEL)
    kept = rows < len(place_of)
    place_of[rows[kept]] = np.flatnonzero(kept)
    ends = place_of[links]
    return ends[(ends != NO_LABEL).all(axis=1)]


def numbers_of(labels: pd.Series[Any], names: Sequence[str]) -> Ints:
    """Return the position of each label in ``names``."""
    return pd.Index(names).get_indexer(pd.Index(labels)).astype(np.int64)


CORPORA: dict[str, Callable[[Path], Corpus]] = {
    "ag_news": read_ag_news,
    "banking77": read_banking77,
    "semeval": lambda data: read_wrench(data, "semeval"),
    "youtube": lambda data: read_wrench(data, "youtube"),
    "trashnet": read_trashnet,
    "cifar10": read_cifar10,
    "cora": read_cora,
    "cifar10_long_tail": read_long_tail,
    "banking77_open_set": read_open_set,
    "cifar10n_worse": read_noisy_labels,
}


def embed_texts(
    texts: list[str], make_encoder: Callable[[], Encoder], path: Path
) -> NDArray[np.float32]:
    """Return the features of texts, from ``path`` where an earlier run left them."""
    if path.exists():
        return np.load(path, allow_pickle=False)
    encoder = make_encoder()
    features = np.empty((len(texts), encoder.dim), dtype=np.float32)
    # Texts of like length together: a batch is as slow as its longest.
    by_length = np.argsort([len(text) for text in texts], kind="stable")
    for start in range(0, len(texts), 256):
        rows = by_length[start : start + 256]
        features[rows] = encoder.encode([texts[row] for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished.npy")
    np.save(unfinished, features)
    unfinished.replace(path)
    return features

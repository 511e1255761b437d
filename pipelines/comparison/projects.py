"""A draw as a project: what every cell starts from, made once and copied for each."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from annotate.corpus.records import SourceOptions
from annotate.encoders import ENCODERS
from annotate.protocols import NO_LABEL, Floats, Ints
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.corpus_view import N_NEIGHBOURS, StoredCorpus
from annotate.steps.import_labels import import_labels
from annotate.steps.import_predictions import import_predictions
from annotate.steps.import_votes import import_votes
from annotate.steps.workspace import Workspace, create_workspace, open_workspace
from annotate.store.arrays import create_array
from annotate.store.items import read_items
from pipelines.comparison.corpora import Corpus

GIVEN = "given_labels"  # the name of the imported prediction
BELIEF_IN_GIVEN = 0.9  # its probability; the rest is shared by the other classes
TRUTH_FILE = "truth.csv"
LINKS_FILE = "links.csv"


def make_project(folder: Path, corpus: Corpus, encoder: str, known: Ints) -> None:
    """Make a project of a drawn corpus, with its features, known labels, votes and neighbours.

    Beside it, ``TRUTH_FILE`` has the truth of all items of a known class, and ``LINKS_FILE`` the
    links of a graph. Ids are row numbers.
    """
    folder.mkdir(parents=True)
    ids = [str(row) for row in range(len(corpus.truth))]
    specs = tuple(ClassSpec(0, name) for name in corpus.classes)
    table = pd.DataFrame({"id": ids, "text": corpus.texts if corpus.texts else ids})
    table.to_parquet(folder / "items.parquet")
    assert corpus.features is not None
    np.save(folder / "features.npy", corpus.features)
    workspace = create_workspace(
        folder / "project", specs, modality="text" if corpus.texts else "features"
    )
    options = SourceOptions(
        modality=workspace.modality,
        id_column="id",
        text_column="text" if corpus.texts else None,
        features=None if corpus.texts else folder / "features.npy",
    )
    add(workspace, folder / "items.parquet", options)
    if corpus.texts:
        store_features(workspace, encoder, corpus.features)
    names = np.array(corpus.classes)
    truth = pd.DataFrame({"id": ids, "label": names[corpus.truth]})
    truth[corpus.truth != NO_LABEL].to_csv(folder / TRUTH_FILE, index=False)
    if len(known):
        truth.iloc[known].to_csv(folder / "gold.csv", index=False)
        import_labels(workspace, folder / "gold.csv")
    if corpus.given is not None:
        import_given(workspace, folder / f"{GIVEN}.csv", ids, corpus)
    if corpus.votes is not None:
        votes = pd.DataFrame({"id": ids, "votes": corpus.votes.tolist()})
        votes.to_parquet(folder / "votes.parquet")
        import_votes(workspace, folder / "votes.parquet", ["votes"])
    if corpus.links is not None:
        links = pd.DataFrame(corpus.links, columns=["source", "target"])
        links.to_csv(folder / LINKS_FILE, index=False)
    labels = np.full(workspace.n_items(), NO_LABEL)
    StoredCorpus(workspace, labels).neighbours(N_NEIGHBOURS)  # kept, so that no cell looks again
    workspace.close()


def store_features(workspace: Workspace, encoder_spec: str, features: Floats) -> None:
    """Store what the encoder made of the texts before, as ``annotate embed`` would."""
    encoder = ENCODERS.make(encoder_spec)
    array = create_array(
        workspace.store, "features", encoder.id, features.shape[1],
        settings={"encoder": encoder_spec, "preprocessing": dict(encoder.preprocessing)},
    )  # fmt: skip
    rows = rows_of_items(workspace)
    for part_no, start in enumerate(range(0, len(rows), array.part_rows)):
        array.write_part(part_no, features[rows[start : start + array.part_rows]])


def import_given(workspace: Workspace, path: Path, ids: list[str], corpus: Corpus) -> None:
    """Make the doubtful labels a teacher: they are said with the same confidence each."""
    assert corpus.given is not None
    n_classes = len(corpus.classes)
    proba = np.full((len(ids), n_classes), (1 - BELIEF_IN_GIVEN) / (n_classes - 1))
    proba[np.arange(len(ids)), corpus.given] = BELIEF_IN_GIVEN
    pd.DataFrame(proba, columns=list(corpus.classes)).assign(id=ids).to_csv(path, index=False)
    import_predictions(workspace, path, name=GIVEN)


def rows_of_items(workspace: Workspace) -> Ints:
    """Return the row of the drawn corpus that each item came from; bad texts became no items."""
    with workspace.store.read() as connection:
        return read_items(connection, ["item_id"])["item_id"].astype(int).to_numpy()


@contextmanager
def copy_of(folder: Path) -> Iterator[Workspace]:
    """Give a copy of a project that shares the bytes of its arrays and vanishes afterwards."""
    with tempfile.TemporaryDirectory(prefix="cell-", dir=folder.parent) as place:
        copied = Path(place) / "project"
        # Arrays are replaced by rename and never changed, so a second name for each will do.
        shutil.copytree(folder, copied, copy_function=link_arrays)
        workspace = open_workspace(copied)
        try:
            yield workspace
        finally:
            workspace.close()


def link_arrays(source: str, destination: str) -> None:
    """Link what lies under ``arrays``, and copy the rest."""
    if "arrays" in Path(source).parts and source.endswith(".npy"):
        os.link(source, destination)
    else:
        shutil.copy2(source, destination)

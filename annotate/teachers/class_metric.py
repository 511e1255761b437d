"""How far apart classes are: by a tree, by a table, or by what an encoder makes of their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial.distance import cdist

from annotate.errors import ConfigError, SourceError
from annotate.protocols import CorpusView, Floats, TextTower
from annotate.schema import Schema
from annotate.teachers.prompts import default_templates
from annotate.teachers.zero_shot import class_features

TEXT = "text"


def read_class_distances(metric: str, view: CorpusView) -> NDArray[np.float64]:
    """Return the distances between classes.

    Parameters
    ----------
    metric : str
        ``text``: between the features of their prompts, by the project's encoder. Else a CSV file:
        with the columns ``parent`` and ``child``, and perhaps ``length``, the edges of a tree in
        which every class is a node; or a table with the classes as first column and as header.
    view : CorpusView

    Returns
    -------
    float64 array of shape (n_classes, n_classes)
        Symmetric, 0 or more, 0 on the diagonal; 0 also for retired classes that the file lacks.

    Raises
    ------
    SourceError
        If the file cannot be used, or lacks a class.
    ConfigError
        If the encoder cannot read class names.
    """
    if metric == TEXT:
        return text_distances(view)
    try:
        table = pd.read_csv(metric, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"A class metric must be 'text' or a CSV file; {metric} cannot be read: {error}."
            " Give another file."
        ) from None
    read = _tree_distances if {"parent", "child"} <= set(table.columns) else _table_distances
    distances = read(table, Path(metric), view.schema)
    if not distances.any():
        raise SourceError(f"Some classes must be apart; all distances in {metric} are 0. Mend it.")
    return distances


def text_distances(view: CorpusView) -> NDArray[np.float64]:
    """Return the Euclidean distances between the features of the classes' prompts."""
    tower = view.encoder()
    if not isinstance(tower, TextTower):
        raise ConfigError(
            f"The class metric 'text' needs an encoder that reads class names; {tower.id} does not."
            " Give a file, or run `annotate embed` with one that does."
        )
    features = class_features(tower, view.schema, default_templates(view.modality))
    return np.asarray(cdist(features, features))


def tree_distances(
    parents: list[str], children: list[str], lengths: Floats, names: list[str]
) -> NDArray[np.float64]:
    """Return the length of the path between any two of ``names``; infinite where there is none.

    Parameters
    ----------
    parents, children : lists of str
        The ends of each edge.
    lengths : float array of shape (n_edges,)
        Above 0.
    names : list of str
        Nodes of the tree.

    Returns
    -------
    float64 array of shape (n_names, n_names)
    """
    nodes = pd.Index(parents + children).unique()
    ends, others = nodes.get_indexer(pd.Index(parents)), nodes.get_indexer(pd.Index(children))
    graph = sparse.csr_array((lengths, (ends, others)), shape=(len(nodes), len(nodes)))
    wanted = nodes.get_indexer(pd.Index(names))
    return np.asarray(dijkstra(graph, directed=False, indices=wanted)[:, wanted])


def _tree_distances(table: pd.DataFrame, path: Path, schema: Schema) -> NDArray[np.float64]:
    known = {*table["parent"], *table["child"]}
    present = _classes_in(known, path, schema)
    lengths = _numbers(table.get("length", pd.Series("1", table.index)), path)
    if (lengths <= 0).any():
        raise SourceError(f"The length of an edge must be above 0; {path} has others. Mend them.")
    names = [schema.names[number] for number in present]
    between = tree_distances(table["parent"].tolist(), table["child"].tolist(), lengths, names)
    if np.isinf(between).any():
        row, column = np.argwhere(np.isinf(between))[0]
        raise SourceError(
            f"A path must join all classes; {path} has none from {names[row]!r} to"
            f" {names[column]!r}. Add a node above both."
        )
    return _spread(between, present, schema)


def _table_distances(table: pd.DataFrame, path: Path, schema: Schema) -> NDArray[np.float64]:
    rows = table.set_index(table.columns[0])
    present = _classes_in(set(rows.index) & set(rows.columns), path, schema)
    if rows.index.has_duplicates:
        raise SourceError(f"A class must have one row; {path} has several for one. Mend it.")
    names = [schema.names[number] for number in present]
    cells = pd.Series(rows.loc[names, names].to_numpy().ravel())
    between = _numbers(cells, path).reshape(len(names), len(names))
    if between.min() < 0 or between.diagonal().any() or not np.allclose(between, between.T):
        raise SourceError(
            f"Distances must be 0 or more, symmetric, and 0 from a class to itself; those in {path}"
            " are not. Mend them."
        )
    return _spread(between, present, schema)


def _classes_in(known: set[str], path: Path, schema: Schema) -> list[int]:
    missing = [spec.name for spec in schema.active if spec.name not in known]
    if missing:
        raise SourceError(
            f"A class metric must name every class; {path} lacks {missing[0]!r}"
            f" ({len(missing)} of {len(schema.active)}). Add it, or use parent,child columns."
        )
    return [spec.class_no for spec in schema.classes if spec.name in known]


def _numbers(texts: pd.Series[str], path: Path) -> NDArray[np.float64]:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        wrong = texts.iloc[int(np.flatnonzero(~np.isfinite(numbers))[0])]
        raise SourceError(f"A distance must be a number; {path} has {wrong!r}. Mend it.")
    return numbers


def _spread(between: Floats, present: list[int], schema: Schema) -> NDArray[np.float64]:
    distances = np.zeros((schema.n_classes, schema.n_classes))
    distances[np.ix_(present, present)] = between
    return distances

from __future__ import annotations

import numpy as np
import pandas as pd

from annotate.compute.edge_list import edges_to_graph, read_edges


def item_numbers(ids):
    return np.array([int(name) if name in ("0", "1", "2") else -1 for name in ids])


def test_of_repeated_edges_the_heaviest_counts(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("source,target,weight\n0,1,2\n1,0,5\n1,2,0.5\n2,2,9\n1,nobody,9\n")
    graph = edges_to_graph(read_edges(path, item_numbers), 3).toarray()
    np.testing.assert_array_equal(graph, [[0, 5, 0], [5, 0, 0.5], [0, 0.5, 0]])


def test_parquet_holds_edges_too(tmp_path):
    pd.DataFrame({"source": ["2", "0"], "target": ["0", "1"]}).to_parquet(tmp_path / "e.parquet")
    edges = read_edges(tmp_path / "e.parquet", item_numbers)
    assert (edges.source.tolist(), edges.target.tolist()) == ([0, 0], [1, 2])
    assert edges.weight.tolist() == [1, 1]

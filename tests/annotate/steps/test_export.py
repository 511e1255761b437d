from __future__ import annotations

import json

import pandas as pd
import pytest

from annotate.errors import ExportError, NotReadyError
from annotate.export.manifest import find_damage
from annotate.steps.export import export
from annotate.steps.import_labels import import_labels
from annotate.steps.train import train
from tests.annotate.steps.conftest import open_copy


@pytest.fixture(scope="module")
def labelled(embedded, gold_file, tmp_path_factory):
    """A project with labels of every source; exports leave it as it is."""
    folder = tmp_path_factory.mktemp("labelled")
    workspace = open_copy(embedded, folder / "project")
    import_labels(workspace, gold_file)
    train(workspace, n_rounds=1, student="linear")
    answers = folder / "h.csv"
    answers.write_text("id,label\nt100,animal\n")
    import_labels(workspace, answers, role="human")
    yield workspace
    workspace.close()


def test_each_row_says_where_its_label_came_from(labelled, tmp_path):
    report = export(labelled, tmp_path / "out", "parquet")
    rows = pd.read_parquet(tmp_path / "out" / "labels.parquet").set_index("item_id")
    assert len(rows) == report.n_labels
    assert rows.loc["t100", ["label", "source", "reviewer"]].tolist() == [
        "animal",
        "human",
        "import",
    ]
    assert rows.loc["t000", "source"] == "gold"
    pseudo = rows[rows["source"] == "pseudo"]
    assert len(pseudo) and pseudo["confidence"].between(0.5, 1).all()
    lineage = [
        "teacher",
        "teacher_sha256",
        "prediction_id",
        "selector",
        "round_no",
        "labelled_at_utc",
    ]
    assert pseudo[lineage].notna().all().all()
    assert rows.loc[rows["source"] != "pseudo", "teacher"].isna().all()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"only": "human"}, {"human", "gold"}),
        ({"only": "pseudo"}, {"pseudo"}),
        ({"min_confidence": 1.0}, {"human", "gold"}),
    ],
)
def test_filters_keep_what_they_say(labelled, tmp_path, filters, expected):
    assert set(export(labelled, tmp_path / "out", "csv", **filters).by_source) == expected


def test_the_three_splits_make_the_whole_and_share_no_item(labelled, tmp_path):
    whole = export(labelled, tmp_path / "all", "csv")
    parts = []
    for split in ("train", "validation", "test"):
        export(labelled, tmp_path / split, "csv", split=split)
        parts.append(pd.read_csv(tmp_path / split / "labels.csv")["item_id"])
    ids = pd.concat(parts)
    assert ids.is_unique and len(ids) == whole.n_labels


def test_manifest_and_card_tell_the_same_as_the_report(labelled, tmp_path):
    report = export(labelled, tmp_path / "out", "jsonl", min_confidence=0.6)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["counts"]["labels"] == report.n_labels
    assert manifest["counts"]["by_source"] == report.by_source
    assert manifest["settings"]["min_confidence"] == 0.6
    assert f"{report.n_labels:,} labels" in (tmp_path / "out" / "README.md").read_text()
    assert find_damage(tmp_path / "out") == []


def test_the_same_labels_give_the_same_bytes(labelled, tmp_path):
    for name in ("a", "b"):
        export(labelled, tmp_path / name, "parquet")
    one, two = (json.loads((tmp_path / n / "manifest.json").read_text()) for n in ("a", "b"))
    assert one["files"] == two["files"]


def test_an_earlier_export_is_replaced_only_when_asked(labelled, tmp_path):
    export(labelled, tmp_path / "out", "csv")
    with pytest.raises(ExportError, match="--overwrite"):
        export(labelled, tmp_path / "out", "csv")
    export(labelled, tmp_path / "out", "jsonl", overwrite=True)
    assert not (tmp_path / "out" / "labels.csv").exists()


def test_nothing_to_export_leaves_nothing(workspace, tmp_path):
    with pytest.raises(NotReadyError, match="none is left"):
        export(workspace, tmp_path / "out", "csv")
    assert not (tmp_path / "out").exists()

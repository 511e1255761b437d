from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from annotate.corpus.records import SourceOptions
from annotate.errors import SourceError
from annotate.schema import ClassSpec
from annotate.steps import add as add_module
from annotate.steps.add import add
from annotate.steps.change_schema import retire_class
from annotate.steps.items import drop, list_items, list_quarantine
from annotate.steps.workspace import create_workspace
from annotate.store.gold import read_gold

TEXTS = SourceOptions(modality="text")


def write(path: Path, rows: list[tuple[str, ...]], columns: tuple[str, ...]) -> Path:
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False)
    return path


def test_every_input_has_one_outcome(empty, tmp_path):
    rows = [("a", "one"), ("b", ""), ("c", "one"), ("a", "one"), ("a", "other")]
    report = add(empty, write(tmp_path / "t.csv", rows, ("id", "text")), TEXTS)
    # b is empty; c repeats a's text; a comes again as it is; a comes again with other content
    assert (report.seen, report.ok, report.flagged, report.quarantined) == (5, 1, 2, 2)
    assert report.ok + report.normalised + report.flagged + report.quarantined == report.seen
    assert report.new_items == 2
    assert report.notes == {
        "flag:duplicate": 1,
        "flag:duplicate_id": 1,
        "empty": 1,
        "id_conflict": 1,
    }


def test_adding_the_same_source_again_changes_nothing(empty, corpus):
    first = add(empty, corpus, TEXTS)
    before = list_items(empty)
    second = add(empty, corpus, TEXTS)
    assert second.already_added and second.new_items == 0
    assert second.seen == first.seen
    pd.testing.assert_frame_equal(before, list_items(empty))


def test_item_numbers_follow_source_order(empty, corpus):
    add(empty, corpus, TEXTS)
    items = list_items(empty)
    assert items["item_no"].tolist() == list(range(120))
    assert items["item_id"].tolist() == pd.read_csv(corpus)["id"].tolist()


def test_a_stopped_run_goes_on_behind_its_last_commit(empty, corpus, monkeypatch):
    monkeypatch.setattr(add_module, "INPUTS_AT_ONCE", 50)

    def stop(done: int, total: int | None, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(empty, corpus, TEXTS, progress=stop)
    assert empty.n_items() == 50
    report = add(empty, corpus, TEXTS)
    assert (report.seen, report.new_items) == (120, 70)
    assert list_items(empty)["item_id"].is_unique


def test_labels_are_gold_only_when_asked(empty, corpus):
    add(empty, corpus, TEXTS)
    with empty.store.read() as connection:
        assert read_gold(connection).empty


def test_a_fifth_of_each_class_of_gold_is_held_back(empty, corpus):
    add(empty, corpus, SourceOptions(modality="text", label_column="label"))
    with empty.store.read() as connection:
        gold = read_gold(connection)
    assert gold.groupby("class_no")["role"].value_counts().to_dict() == {
        (class_no, role): n
        for class_no in range(3)
        for role, n in (("train", 32), ("held_back", 8))
    }


def test_an_unknown_label_is_quarantined_and_never_becomes_a_class(empty, tmp_path):
    rows = [("a", "one", "fruit"), ("b", "two", "Fruit")]
    source = write(tmp_path / "t.csv", rows, ("id", "text", "label"))
    report = add(empty, source, SourceOptions(modality="text", label_column="label"))
    assert report.quarantined == 1 and report.new_items == 1
    assert list_quarantine(empty)["code"].tolist() == ["label_unknown"]
    assert empty.schema.names == ("fruit", "tool", "animal")


def test_a_label_of_a_retired_class_is_kept_and_flagged(empty, tmp_path):
    retire_class(empty, "tool")
    source = write(tmp_path / "t.csv", [("a", "one", "tool")], ("id", "text", "label"))
    report = add(empty, source, SourceOptions(modality="text", label_column="label"))
    assert report.notes == {"flag:schema_v": 1}
    with empty.store.read() as connection:
        assert read_gold(connection)["class_no"].tolist() == [1]


def test_a_refused_source_leaves_no_trace(empty, tmp_path):
    source = tmp_path / "t.csv"
    source.write_text('id,text\na,"never closed\nb,two\n')
    with pytest.raises(SourceError, match="line 2"):
        add(empty, source, TEXTS)
    assert empty.n_items() == 0
    assert list_quarantine(empty).empty


def test_dropped_items_keep_their_number(workspace, corpus):
    assert drop(workspace, ["t001", "t005"]) == 2
    items = list_items(workspace)
    assert len(items) == 120
    assert items.index[items["dropped_at_utc"].notna()].tolist() == [1, 5]


def test_pictures_that_came_twice_as_bytes_are_kept_once(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "PNG")
    table = tmp_path / "pictures.parquet"
    pd.DataFrame({"id": ["a", "b"], "image": [buffer.getvalue()] * 2}).to_parquet(table)
    workspace = create_workspace(tmp_path / "p", (ClassSpec(0, "x"), ClassSpec(0, "y")))
    report = add(workspace, table, SourceOptions(modality="image", workers=1))
    workspace.close()
    assert (report.new_items, report.notes) == (2, {"flag:duplicate": 1})
    [kept] = [path for path in (tmp_path / "p" / "media").rglob("*") if path.is_file()]
    assert kept.read_bytes() == buffer.getvalue()

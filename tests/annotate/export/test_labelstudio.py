from __future__ import annotations

import json

from annotate.bridges.label_studio.annotations import read_annotation
from annotate.bridges.label_studio.label_config import check_predictions, make_label_config
from annotate.export import EXPORTERS
from annotate.schema import new_schema


def tasks(rows, folder, name="labelstudio"):
    EXPORTERS.make(name).write(iter(rows), folder)
    return json.loads((folder / "tasks.json").read_text())


def test_a_label_of_a_model_is_a_prediction_that_label_studio_can_show(make_row, tmp_path):
    row = make_row(label="<b>owl</b>", text="hoot", confidence=0.75, source="pseudo")
    [task] = tasks([row], tmp_path)
    assert task["data"] == {"text": "hoot", "annotate_item": row.item_id}
    assert task["predictions"][0]["score"] == 0.75 and "annotations" not in task
    check_predictions(
        make_label_config(new_schema(["<b>owl</b>", "x"]), "text"), task["predictions"]
    )


def test_a_label_of_people_is_an_annotation_that_reads_back(make_row, tmp_path):
    rows = [make_row(label="owl", source=s) for s in ("human", "gold")]
    for task in tasks(rows, tmp_path):
        answer = read_annotation({"id": 1, **task["annotations"][0]})
        assert answer is not None and (answer.outcome, answer.class_name) == ("label", "owl")
        assert "predictions" not in task


def test_the_lineage_is_the_tasks_meta(make_row, tmp_path):
    row = make_row()
    [task] = tasks([row], tmp_path)
    assert task["meta"]["sha256"] == row.sha256 and task["meta"]["source"] == row.source


def test_a_picture_is_shown_from_local_files_or_from_the_address_given(make_row, tmp_path):
    row = make_row(item_id="a b/é.png", text=None)
    [task] = tasks([row], tmp_path)
    assert task["data"]["image"] == "/data/local-files/?d=a%20b/%C3%A9.png"
    [task] = tasks([row], tmp_path, "labelstudio:https://x.org/")
    assert task["data"]["image"] == "https://x.org/a%20b/%C3%A9.png"

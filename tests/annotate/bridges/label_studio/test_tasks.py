from __future__ import annotations

import pytest

from annotate.bridges.label_studio.tasks import (
    fingerprint,
    image_address,
    item_of_task,
    make_prediction,
    make_task,
)
from annotate.errors import ConfigError


def test_a_task_carries_the_item_its_content_and_the_prediction():
    prediction = make_prediction("owl", 0.123456, "zero_shot abc v1")
    task = make_task("k", 7, "a/b.txt", "hoot", "text", prediction)
    assert task["data"] == {"text": "hoot", "annotate_item": "a/b.txt", "annotate_key": "k:7"}
    assert task["predictions"][0]["score"] == 0.1235
    assert item_of_task(task, "k") == 7


def test_a_task_without_prediction_has_none():
    assert make_task("k", 7, "x", "hoot", "text", None)["predictions"] == []


@pytest.mark.parametrize(
    "data",
    [None, "k:7", {}, {"annotate_key": 7}]
    + [{"annotate_key": key} for key in ("other:7", "k:", "k:-1", "k:1.5", "k:٧", "k:" + "9" * 30)],
)
def test_a_task_that_no_push_made_belongs_to_no_item(data):
    assert item_of_task({"data": data}, "k") is None


def test_a_fingerprint_changes_with_class_score_and_version():
    base = make_prediction("owl", 0.5, "v1")
    others = [make_prediction(*args) for args in (("wren", 0.5, "v1"), ("owl", 0.6, "v1"))]
    others.append(make_prediction("owl", 0.5, "v2"))
    prints = {fingerprint(p) for p in (base, *others, None)}
    assert len(prints) == 5 and fingerprint(dict(base)) in prints


def test_a_pictures_address_is_its_path_below_the_served_folder(tmp_path):
    path = tmp_path / "birds" / "a b?#%.png"
    assert image_address(path, tmp_path, "https://x/") == "https://x/birds/a%20b%3F%23%25.png"


def test_a_picture_outside_the_served_folder_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").touch()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "secret.png")
    for path in (tmp_path / "secret.png", tmp_path / "in/../secret.png", tmp_path / "in/link.png"):
        with pytest.raises(ConfigError, match="must lie in the folder"):
            image_address(path, tmp_path / "in", "/")

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from annotate.export.card import (
    CardFacts,
    GoldCheck,
    RoundFacts,
    TeacherFacts,
    escape_markdown,
    render_card,
)
from annotate.export.manifest import ExportCounts
from annotate.schema import new_schema


@pytest.fixture
def facts(make_row):
    counts = ExportCounts()
    rows = [make_row(source="human")] + [make_row(source="pseudo", label="tit")] * 3
    list(counts.watch(rows))
    return CardFacts(
        project_name="birds",
        modality="image",
        format="parquet",
        schema=new_schema(["finch", "tit", "wren"]),
        counts=counts,
        n_items=10,
        n_unlabelled=3,
        n_conflicts=1,
        n_quarantined=2,
        teachers=(TeacherFacts("zero_shot", "ab" * 32, 3),),
        rounds=(RoundFacts(1, "momentum", ("quota:16", "agreement"), 48, "all rounds done"),),
        n_reviewers=2,
        answers={"relabel": 1, "accept": 4},
        gold_check=GoldCheck(45, 50, 0.786, 0.957),
        settings={"min_confidence": "0.5"},
    )


def front_matter(card):
    """The front matter by the little of YAML that it uses: a key and a JSON value a line."""
    lines = card.split("---\n")[1].splitlines()
    return {key: json.loads(value) for key, value in (line.split(": ", 1) for line in lines)}


def test_sources_are_given_in_per_cent(facts):
    card = render_card(facts)
    assert "| pseudo | 3 | 75.0% |" in card
    assert "| human | 1 | 25.0% |" in card


def test_lineage_of_the_labels_is_told(facts):
    card = render_card(facts)
    for told in ("ab" * 32, "quota\\:16, then agreement", "all rounds done", "2 people gave 5 ans"):
        assert told in card


def test_accuracy_stands_with_its_interval(facts):
    assert "45 are right: 90.0% (95 % interval 78.6% to 95.7%)" in render_card(facts)


def test_without_gold_the_card_says_that_nothing_checks_the_labels(facts):
    assert "Nothing checks these labels" in render_card(replace(facts, gold_check=None))
    assert "Nothing checks these labels" not in render_card(facts)


def test_gaps_are_counted(facts):
    card = render_card(facts)
    for gap in ("3 items have no label", "1 items have answers that differ", "2 labels were left"):
        assert gap in card
    assert "No label at all: wren" in card


def test_the_licence_is_left_to_the_user(facts):
    card = render_card(facts)
    assert "Not stated." in card
    assert "license" not in front_matter(card)


def test_front_matter_survives_a_hostile_name(facts):
    name = "x\n---\nlicense: mit: [\"'"
    assert front_matter(render_card(replace(facts, project_name=name)))["pretty_name"] == name


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "a|b", "![x](http://h/p.png)", "`c`", "# h", "&lt;"],
)
def test_hostile_names_stay_text_in_one_table_cell(facts, name):
    schema = new_schema(["finch", "tit", name])
    card = render_card(replace(facts, schema=schema, project_name=name))
    assert "<script" not in card
    (row,) = [line for line in card.splitlines() if line.startswith(f"| {escape_markdown(name)}")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 4


def test_hugging_face_is_pointed_at_the_labels_alone(facts):
    config = front_matter(render_card(facts))["configs"]
    assert config == [{"config_name": "default", "data_files": "labels.parquet"}]
    folders = front_matter(render_card(replace(facts, format="imagefolder")))["configs"]
    assert folders[0]["data_files"] == [{"split": "train", "path": "train/**"}]

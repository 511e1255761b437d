"""What commands print for people."""

from __future__ import annotations

import json

import pandas as pd
from PIL import Image

import annotate
from annotate.store.decisions import Decision, append_decisions
from pipelines.browsing import free_port
from tests.annotate.cli.conftest import TRICKY_ID


def test_add_names_columns_that_look_like_labels_and_files_it_passed_over(run, corpus, tmp_path):
    annotate.create(tmp_path / "t", ["a", "b"], modality="text").close()
    assert "--label-column label" in run("add", tmp_path / "t", corpus).out
    annotate.create(tmp_path / "i", ["a", "b"]).close()
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "a.xml").write_text("<a/>")
    shown = run("add", tmp_path / "i", tmp_path / "photos").out
    assert "1 inputs, 1 new items" in shown and "1 .xml" in shown


def test_adding_again_says_that_nothing_changed(run, project, corpus):
    assert "0 new items (was added before; nothing changed)" in run("add", project, corpus).out


def test_rounds_list_fits_80_characters_with_the_reasons_below(run, finished):
    shown = run("rounds", "list", finished).out
    assert max(map(len, shown.splitlines())) <= 80
    assert "Round 1: all 1 rounds are done." in shown
    assert "Round 1: linear on what growing accepted." in shown


def test_ids_and_inputs_cannot_act_on_a_terminal(run, finished):
    listed = run("items", "list", finished).out
    assert TRICKY_ID not in listed and "t\\u202egpj.exe" in listed
    quarantined = run("items", "quarantine", finished).out
    assert "\x1b" not in quarantined and "\\x1b[31m" in quarantined
    assert "\u202e" not in run("why", finished, TRICKY_ID).out


def test_an_empty_project_says_what_comes_next(run, tmp_path):
    annotate.create(tmp_path / "p", ["a", "b"]).close()
    assert "annotate add" in run("items", "list", tmp_path / "p").out
    assert "annotate predict" in run("predictions", "list", tmp_path / "p").out
    assert "annotate train" in run("rounds", "list", tmp_path / "p").out


def test_embed_asks_for_labels_first_where_no_names_are_read(run, corpus, tmp_path):
    folder = tmp_path / "p"
    with annotate.create(folder, ["fruit", "tool"], modality="text") as project:
        project.add(corpus)
    shown = run("embed", folder, "--encoder", "hashing").out
    assert f"Next: annotate review {folder}, or annotate labels import {folder} FILE" in shown


def test_a_classes_file_holds_a_class_a_line_with_prompts_behind_tabs(run, tmp_path):
    path = tmp_path / "classes.txt"
    path.write_text("\ufeffowl\ta photo of an owl\tan owl\n\nwren, small\n", encoding="utf-8")
    assert run("init", tmp_path / "p", "--classes-file", path).code == 0
    with annotate.open(tmp_path / "p") as project:
        assert project.schema.names == ("owl", "wren, small")
        assert project.schema.classes[0].prompts == ("a photo of an owl", "an owl")


def test_verify_exits_3_when_an_export_is_damaged(run, finished, tmp_path):
    run("export", finished, tmp_path / "out", "--format", "csv")
    assert run("verify", tmp_path / "out").code == 0
    with open(tmp_path / "out" / "labels.csv", "a") as file:
        file.write("x")
    damaged = run("verify", tmp_path / "out")
    assert (damaged.code, damaged.err) == (3, "")
    assert "labels.csv" in damaged.out


def test_doctor_exits_2_when_an_array_is_damaged(run, project):
    part = next((project / "arrays" / "features").rglob("part-00000.npy"))
    part.write_bytes(part.read_bytes()[:-1] + b"\xff")
    result = run("doctor", project)
    assert result.code == 2
    assert f"{part} is damaged" in result.out


def test_an_export_through_the_command_line_holds_what_status_counts(run, finished, tmp_path):
    assert run("export", finished, tmp_path / "out", "--format", "csv", "--only", "human").code == 0
    table = pd.read_csv(tmp_path / "out" / "labels.csv")
    assert table["source"].tolist() == ["gold"] * 8
    assert "8 gold" in run("status", finished).out


def test_agreement_shows_pairs_and_no_consensus_of_too_few_items(run, project):
    assert "No item has answers of two reviewers" in run("labels", "agreement", project).out
    with annotate.open(project) as opened:
        events = [
            Decision(f"{who}{n}", n, who, "relabel", 1, class_no=int(n % 2 == 0 or who == "bob"))
            for n in (9, 10, 12)
            for who in ("ann", "bob")
        ]
        append_decisions(opened._workspace.store, events)
    shown = run("labels", "agreement", project).out
    assert "6 answers; 3 of 3 items have two or more" in shown
    for words in ("Cohen's kappa", "ann", "66.7%", "No consensus: it takes 20 items"):
        assert words in shown


def test_a_class_is_split_and_its_parts_are_merged_again(run, project):
    shown = run("schema", "split", project, "tool", "--into", "saw, drill").out
    assert shown == "Schema version 2: fruit, saw, drill\n"
    assert "8 gold" not in run("status", project).out
    shown = run("schema", "merge", project, "saw", "drill", "--into", "device").out
    assert shown == "Schema version 3: fruit, device\n"
    assert "8 gold" in run("status", project).out


def test_hand_over_needs_labels_that_measure(run, finished):
    asked = run("predictions", "hand-over", finished, "probe")
    assert asked.code == 2 and "labels that measure" in asked.err


def test_hand_over_exits_3_until_it_was_shown(run, project, truth):
    run("labels", "import", project, truth)
    said = run("predictions", "hand-over", project, "probe", "student", "--rounds", 1)
    assert said.code == 3
    assert "has not shown yet" in said.out and "differ on" in said.out
    kept = run("predictions", "hand-over", project, "probe", "--rounds", 1, "--keep", 0, "--json")
    assert kept.code == 0 and '"verdict": "yes"' in kept.out


def test_next_class_is_named_with_its_distance(run, project, tmp_path):
    metric = tmp_path / "metric.csv"
    metric.write_text("class,fruit,tool\nfruit,0,1\ntool,1,0\n")
    said = run("labels", "next-class", project, metric)
    assert "2 of 2 classes have labels" in said.out and "Every class has labels" in said.out
    assert '"next_class": null' in run("labels", "next-class", project, metric, "--json").out


def test_topics_are_listed_with_their_words_or_as_json(run, tmp_path):
    rows = [(n, f"plum{n % 10} pear{n % 10}") for n in range(40)]
    pd.DataFrame(rows, columns=["id", "text"]).to_csv(tmp_path / "t.csv", index=False)
    with annotate.create(tmp_path / "p", ["a", "b"], modality="text") as project:
        project.add(tmp_path / "t.csv")
    shown = run("items", "topics", tmp_path / "p", "--topics", 2, "--out", tmp_path / "o.csv")
    assert "40 items; 0 have none" in shown.out and "plum" in shown.out
    assert len(pd.read_csv(tmp_path / "o.csv")) == 40
    told = run("items", "topics", tmp_path / "p", "--topics", 2, "--json").out
    assert '"n_without": 0' in told and told.count("\n") == 1


def test_predict_shows_what_each_expert_weighs(run, project):
    shown = run("predict", project, "--teacher", "stacked")
    assert shown.code == 0
    told = json.loads(run("predict", project, "--teacher", "stacked", "--json").out)
    weights = told["expert_weights"]
    assert {"linear", "kernel", "graph"} <= weights.keys()
    assert list(weights.values()) == sorted(weights.values(), reverse=True)
    for name, weight in weights.items():
        assert any(
            line.split() == [*name.split(), f"{weight:.3f}"] for line in shown.out.splitlines()
        )


def test_a_project_of_several_classes_an_item_says_what_it_is_not_for(run, tmp_path):
    made = run("init", tmp_path / "p", "--classes", "a,b", "--modality", "text", "--task", "multi")
    assert made.code == 0
    for words in (["review", tmp_path / "p", "--port", free_port()], ["train", tmp_path / "p"]):
        refused = run(*words)
        assert (refused.code, refused.out) == (2, "")
        assert "this project's task is 'multi'" in refused.err
        assert "annotate predictions export" in refused.err
    assert json.loads(run("status", tmp_path / "p", "--json").out)["task"] == "multi"

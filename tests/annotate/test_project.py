"""The Python API, from a folder that is not there to a training set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import annotate

WORDS = {"fruit": "apple pear plum cherry", "tool": "hammer saw drill wrench"}
N_ITEMS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus of 60 texts whose words tell their class, its truth, and gold for 12 of them."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(N_ITEMS):
        label = list(WORDS)[number % 2]
        text = " ".join([*generator.choice(WORDS[label].split(), 3), f"n{number}"])
        rows.append((f"t{number}", text, label))
    folder = tmp_path_factory.mktemp("api")
    table = pd.DataFrame(rows, columns=["id", "text", "label"])
    table[["id", "text"]].to_csv(folder / "texts.csv", index=False)
    table[["id", "label"]].to_csv(folder / "truth.csv", index=False)
    table[["id", "label"]].iloc[:12].to_csv(folder / "gold.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def reports(folder):
    """What each step of the whole loop returned, by its name."""
    with annotate.create(folder / "p", ["fruit", "tool"], modality="text") as project:
        return {
            "add": project.add(folder / "texts.csv"),
            "embed": project.embed("hashing"),
            "import_labels": project.import_labels(folder / "gold.csv"),
            "predict": project.predict("probe"),
            "select": project.select(["quota:5"]),
            "train": project.train(2, student="linear"),
            "rounds": project.rounds(),
            "evaluate": project.evaluate(folder / "truth.csv"),
            "export": project.export(folder / "out", "csv"),
            "why": project.why("t3"),
            "status": project.status(),
        }


def test_each_step_sees_the_whole_corpus(reports):
    assert reports["add"].new_items == N_ITEMS
    assert reports["embed"].n_embedded == N_ITEMS
    assert reports["import_labels"].n_imported == 12
    assert reports["predict"].n_answered == N_ITEMS
    assert reports["select"].n_accepted == 10  # 5 a class
    assert reports["status"].n_items == N_ITEMS


def test_a_corpus_that_words_tell_apart_is_labelled_right(reports):
    evaluation = reports["evaluate"]
    assert evaluation.accuracy_all >= 0.9
    assert evaluation.coverage == evaluation.n_labelled / N_ITEMS


def test_the_reports_agree_with_each_other(reports, folder):
    rounds = reports["rounds"]
    assert rounds.head_round == reports["train"].head_round
    assert len(rounds.rounds) == len(reports["train"].rounds)
    table = pd.read_csv(folder / "out" / "labels.csv")
    assert len(table) == reports["export"].n_labels == reports["evaluate"].n_labelled
    row = table.set_index("item_id").loc["t3"]
    assert (row["label"], row["source"]) == (reports["why"].label, "gold")


def test_a_project_is_opened_again_as_it_was_left(reports, folder):
    with annotate.open(folder / "p") as project:
        assert project.folder == folder / "p"
        assert project.schema.names == ("fruit", "tool")
        assert project.status() == reports["status"]


def test_revert_makes_earlier_labels_stand_and_simulate_leaves_the_project_alone(reports, folder):
    with annotate.open(folder / "p") as project:
        project.revert(0)
        assert project.rounds().head_round == 0
        before = project.status()
        simulated = project.simulate(folder / "truth.csv", budget=2, queue="random")
        assert simulated.points[-1]["answers"] == 2
        assert project.status() == before


def test_a_step_named_wrongly_is_told_with_the_near_names(reports, folder):
    with (
        annotate.open(folder / "p") as project,
        pytest.raises(annotate.AnnotateError, match="Did you mean 'probe'"),
    ):
        project.predict("prob")

"""Votes of weak sources: functions, tables and teachers, and what teachers make of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import ConfigError, NotReadyError, SourceError, UnknownNameError
from annotate.steps.add import add
from annotate.steps.change_schema import merge_classes, retire_class
from annotate.steps.describe_votes import describe_votes
from annotate.steps.import_votes import import_votes
from annotate.steps.predict import predict
from annotate.steps.predicting import StoredProba
from annotate.steps.run_functions import load_functions, run_functions
from annotate.steps.stored_votes import read_votes, remove_vote_set
from annotate.steps.take_votes import take_votes
from annotate.store.history import list_predictions
from tests.annotate.steps.conftest import CLASSES, N_ITEMS

FUNCTIONS = """
import re

WORDS = {"fruit": "apple|pear", "tool": "hammer|saw"}

def fruit(text):
    return "fruit" if re.search(WORDS["fruit"], text) else None

def tool(item):
    return "tool" if re.search(WORDS["tool"], item["text"]) and item["id"] else None

def breaks(text):
    if "dog" in text:
        raise RuntimeError("no dogs")
    return "beast" if "cat" in text else None

def _not_one(a, b):
    return a
"""


@pytest.fixture
def functions(tmp_path):
    path = tmp_path / "rules.py"
    path.write_text(FUNCTIONS)
    return path


def write(path, text):
    path.write_text(text)
    return path


def test_functions_vote_and_what_fails_is_a_counted_abstention(workspace, functions, corpus):
    report = run_functions(workspace, functions)
    texts = pd.read_csv(corpus, dtype=str)["text"]
    assert report.n_votes == {
        "fruit": texts.str.contains("apple|pear").sum(),
        "tool": texts.str.contains("hammer|saw").sum(),
        "breaks": 0,
    }
    dogs, cats = texts.str.contains("dog"), texts.str.contains("cat")
    assert report.n_errors == {"breaks": dogs.sum() + (cats & ~dogs).sum()}
    first = report.first_errors["breaks"]
    assert "RuntimeError: no dogs" in first or "no class is called 'beast'" in first
    votes, ids = read_votes(workspace, N_ITEMS)
    assert votes.functions == ("rules.fruit", "rules.tool", "rules.breaks")
    assert ids == (report.set_id,)
    np.testing.assert_array_equal(votes.classes[:, 0] == 0, texts.str.contains("apple|pear"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "there is no function"),
        ("def f(a):\n    pass", "'f' has another"),
        ("import nothing_of_that_name", "does not.*ModuleNotFoundError"),
        ("def f(", "does not.*SyntaxError"),
    ],
)
def test_a_file_must_run_and_have_functions(text, says, tmp_path):
    with pytest.raises(SourceError, match=says):
        load_functions(write(tmp_path / "rules.py", text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="FileNotFoundError"):
        load_functions(tmp_path / "none.py")


def test_running_again_changes_nothing_and_changed_functions_replace_the_old(workspace, functions):
    first = run_functions(workspace, functions).set_id
    assert run_functions(workspace, functions).set_id == first
    write(functions, "def fruit(text):\n    return 'fruit'\n")
    second = run_functions(workspace, functions).set_id
    assert read_votes(workspace, N_ITEMS)[1] == (second,)
    write(functions, FUNCTIONS)
    assert run_functions(workspace, functions).set_id not in (first, second)
    assert len(read_votes(workspace, N_ITEMS)[0].functions) == 3


def test_a_removed_set_counts_no_more(workspace, functions):
    run_functions(workspace, functions)
    remove_vote_set(workspace, "rules")
    assert describe_votes(workspace).sets == []
    with pytest.raises(NotReadyError, match="needs votes"):
        predict(workspace, "label_model")
    with pytest.raises(UnknownNameError, match="rules"):
        remove_vote_set(workspace, "rules")
    run_functions(workspace, functions)
    assert len(describe_votes(workspace).sets) == 1


def test_a_table_votes_by_name_or_number_and_lists_stand_for_several(workspace, tmp_path):
    ids = [f"t{n:03d}" for n in range(4)]
    table = pd.DataFrame(
        {
            "id": [*ids, "stranger"],
            "named": ["fruit", "", "beast", "animal", "fruit"],
            "numbered": [2.0, None, -1, 0, 1],
            "listed": [[0, -1], [-1, -1], [1, 1], [2, 0], [0, 0]],
        }
    )
    table.to_parquet(tmp_path / "votes.parquet")
    report = import_votes(workspace, tmp_path / "votes.parquet", ["named", "numbered", "listed"])
    votes, _ = read_votes(workspace, N_ITEMS)
    assert votes.functions == tuple(
        f"votes.{name}" for name in ("named", "numbered", "listed_0", "listed_1")
    )
    assert votes.classes[:4].tolist() == [[0, 2, 0, -1], [-1] * 4, [-1, -1, 1, 1], [2, 0, 2, 0]]
    assert (votes.classes[4:] == -1).all()
    assert (report.n_unknown_ids, report.n_unknown_classes) == (1, 1)
    assert report.first_unknown_class == "beast"


def test_a_csv_votes_too(workspace, tmp_path):
    path = write(tmp_path / "v.csv", "id,a\nt000,2\nt001,-1\nt002,tool\n")
    import_votes(workspace, path, ["a"])
    assert read_votes(workspace, N_ITEMS)[0].classes[:3, 0].tolist() == [2, -1, 1]


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        ("id,a\nt000,fruit\n", ["b"], "missing: 'b'"),
        ("id,a\nt000,fruit\nt000,tool\n", ["a"], "'t000' stands twice"),
        ("id,a\nx,fruit\n", ["a"], "none of 1 is"),
    ],
)
def test_a_table_must_fit(text, columns, says, workspace, tmp_path):
    with pytest.raises(SourceError, match=says):
        import_votes(workspace, write(tmp_path / "v.csv", text), columns)


def test_teachers_vote_where_they_are_sure(workspace, gold):
    predict(workspace, "probe")
    predict(workspace, "neighbours")
    take_votes(workspace, ["probe", "neighbours"], min_confidence=0.6)
    votes, _ = read_votes(workspace, N_ITEMS)
    assert votes.functions == ("teachers.probe", "teachers.neighbours")
    with workspace.store.read() as connection:
        record = list_predictions(connection)[0]
    proba = StoredProba(workspace.store, record["prediction_id"], workspace.schema).read(0, N_ITEMS)
    expected = np.where(proba.max(axis=1) >= 0.6, proba.argmax(axis=1), -1)
    np.testing.assert_array_equal(votes.classes[:, 0], expected)
    with pytest.raises(UnknownNameError):
        take_votes(workspace, ["nobody"])
    with pytest.raises(ConfigError, match="from 0 to 1"):
        take_votes(workspace, ["probe"], min_confidence=2)


@pytest.mark.parametrize("teacher", ["majority_vote", "dawid_skene", "label_model:labels"])
def test_a_teacher_of_votes_needs_no_features_and_its_lineage_names_the_votes(
    teacher, empty, corpus, functions
):
    add(empty, corpus, SourceOptions(modality="text"))
    set_id = run_functions(empty, functions).set_id
    report = predict(empty, teacher)
    votes, _ = read_votes(empty, N_ITEMS)
    assert report.n_answered == (votes.classes >= 0).any(axis=1).sum() < N_ITEMS
    with empty.store.read() as connection:
        record = list_predictions(connection)[-1]
    assert record["settings"]["votes"] == [set_id]
    assert record["encoder_id"] is None


def test_votes_follow_merged_classes(workspace, tmp_path):
    rows = "".join(f"t{n:03d},{CLASSES[n % 3]}\n" for n in range(9))
    import_votes(workspace, write(tmp_path / "v.csv", f"id,a\n{rows}"), ["a"])
    merge_classes(workspace, ["fruit"], "tool")
    assert read_votes(workspace, N_ITEMS)[0].classes[:3, 0].tolist() == [1, 1, 2]
    report = predict(workspace, "label_model")
    assert report.class_shares["fruit"] == 0


def test_a_retired_class_gets_no_votes(workspace, tmp_path):
    rows = "".join(f"t{n:03d},{CLASSES[n % 3]}\n" for n in range(9))
    import_votes(workspace, write(tmp_path / "v.csv", f"id,a\n{rows}"), ["a"])
    retire_class(workspace, "tool")
    assert read_votes(workspace, N_ITEMS)[0].classes[:3, 0].tolist() == [0, -1, 2]


def test_the_report_measures_functions_on_labels_that_may_train_only(workspace, gold, functions):
    report = run_functions(workspace, functions)
    shown = describe_votes(workspace)
    own = shown.functions["rules.fruit"]
    assert own.coverage == report.n_votes["fruit"] / N_ITEMS
    assert 0 < own.n_labelled < 24 and own.accuracy is not None  # 30 gold, 6 held back
    assert shown.sets[0]["n_errors"] == report.n_errors["breaks"]
    assert 0 < shown.conflicts < shown.coverage < 1


@pytest.mark.parametrize("balance", ["0.5,0.6", "most", "1,0"])
def test_a_balance_must_be_known_or_sum_to_1(workspace, balance):
    with pytest.raises(ConfigError, match="balance of label_model"):
        predict(workspace, f"label_model:{balance}")


def test_a_balance_has_a_share_for_each_class(workspace, functions):
    run_functions(workspace, functions)
    with pytest.raises(ConfigError, match="3 classes in force; got 2"):
        predict(workspace, "label_model:0.5,0.5")
    assert predict(workspace, "label_model:0.2,0.3,0.5").n_answered > 0
    assert predict(workspace, "label_model:estimated").n_answered > 0

from __future__ import annotations

import pytest

from annotate.errors import SourceError
from annotate.steps.given_labels import read_given_labels
from annotate.steps.import_labels import import_labels
from annotate.steps.undo_group import undo_group
from annotate.store.queue_front import ask_first


def write(path, text):
    path.write_text(text)
    return path


def test_gold_is_imported_once(workspace, gold):
    again = import_labels(workspace, gold)
    assert (again.n_imported, again.n_already) == (0, 30)


def test_held_back_gold_never_trains_and_the_rest_never_measures(workspace, gold):
    given = read_given_labels(workspace)
    trains, measures = given.training >= 0, given.measuring >= 0
    assert (trains.sum(), measures.sum()) == (24, 6)
    assert not (trains & measures).any()


def test_roles_once_given_stay_when_more_gold_comes(workspace, gold, truth):
    before = read_given_labels(workspace)
    import_labels(workspace, truth)
    after = read_given_labels(workspace)
    assert (after.measuring[before.measuring >= 0] >= 0).all()
    assert (after.training[before.training >= 0] >= 0).all()


def test_unknown_ids_and_labels_are_counted_and_left_out(workspace, tmp_path):
    path = write(tmp_path / "g.csv", "id,label\nt000,fruit\nnope,fruit\nt001,Tool\n")
    report = import_labels(workspace, path)
    assert (report.n_imported, report.n_unknown_ids, report.n_unknown_labels) == (1, 1, 1)
    assert report.examples == {"unknown id": "nope", "unknown label": "Tool"}


def test_gold_that_contradicts_earlier_gold_is_left_out(workspace, gold, tmp_path):
    report = import_labels(workspace, write(tmp_path / "g.csv", "id,label\nt000,tool\n"))
    assert (report.n_imported, report.n_contradicting) == (0, 1)


def test_human_answers_win_over_gold_and_are_stored_once(workspace, gold, tmp_path):
    path = write(tmp_path / "h.csv", "id,label\nt000,tool\n")
    assert import_labels(workspace, path, role="human").n_imported == 1
    assert import_labels(workspace, path, role="human").n_already == 1
    assert read_given_labels(workspace).current[0] == 1


@pytest.mark.parametrize(("reason", "measuring"), [("audit", -1), ("spot check", 1)])
def test_an_imported_answer_to_an_item_that_measures_never_trains(
    workspace, tmp_path, reason, measuring
):
    with workspace.store.write() as connection:
        ask_first(connection, [0], reason)
    import_labels(
        workspace, write(tmp_path / "h.csv", "id,label\nt000,tool\nt001,tool\n"), role="human"
    )
    given = read_given_labels(workspace)
    assert (given.current[0], given.training[0], given.measuring[0]) == (1, -1, measuring)
    assert given.training[1] == 1


def test_one_id_with_two_labels_is_refused(workspace, tmp_path):
    path = write(tmp_path / "g.csv", "id,label\nt000,tool\nt000,fruit\n")
    with pytest.raises(SourceError, match="'t000' has several"):
        import_labels(workspace, path)


def test_a_file_of_other_ids_is_refused(workspace, tmp_path):
    with pytest.raises(SourceError, match="none of"):
        import_labels(workspace, write(tmp_path / "g.csv", "id,label\nx,tool\n"))


def test_labels_of_a_group_are_one_act_and_anybody_who_decides_an_item_overrules_them(
    workspace, gold, tmp_path
):
    path = write(tmp_path / "topic.csv", "id,label\nt000,tool\nt100,tool\nt101,tool\n")
    report = import_labels(workspace, path, role="derived")
    assert (report.n_imported, report.n_already) == (2, 1)  # t000 has gold
    again = import_labels(workspace, path, role="derived")
    assert (again.n_imported, again.n_already) == (0, 3)
    import_labels(workspace, write(tmp_path / "h.csv", "id,label\nt101,fruit\n"), role="human")
    given = read_given_labels(workspace)
    assert given.current[[0, 100, 101]].tolist() == [0, 1, 0]
    (act,) = set(given.human.derivations["event_id"].str.partition(":")[0])
    undo_group(workspace, "import", act)
    assert read_given_labels(workspace).current[[100, 101]].tolist() == [-1, 0]

"""`annotate votes` as people see it."""

from __future__ import annotations

RULES = """
def apple(text):
    return "fruit" if "apple" in text else None

def saw(text):
    if "n3" in text:
        raise KeyError("n3")
    return "tool" if "saw" in text else None
"""


def test_functions_run_are_shown_and_teach(run, project, tmp_path):
    (tmp_path / "rules.py").write_text(RULES)
    assert "annotate votes run" in run("votes", "show", project).out
    shown = run("votes", "run", project, tmp_path / "rules.py")
    assert shown.code == 0
    assert "2 functions on 24 items" in shown.out
    assert "saw failed on 1 items" in shown.out and "KeyError" in shown.out
    table = run("votes", "show", project).out
    assert "rules.apple" in table and "50.0%" in table
    assert (
        "label_model answered 23 of 24" in run("predict", project, "--teacher", "label_model").out
    )
    assert "no more" in run("votes", "remove", project, "rules").out
    refused = run("predict", project, "--teacher", "majority_vote")
    assert refused.code == 2 and "annotate votes" in refused.err


def test_teachers_and_tables_vote(run, project, truth):
    assert "probe" in run("votes", "take", project, "probe").out
    shown = run("votes", "import", project, truth, "--columns", "label", "--name", "table").out
    assert "24 votes of 1 sources from 24 rows" in shown
    listed = run("votes", "show", project).out
    assert "teachers.probe" in listed and "table.label" in listed

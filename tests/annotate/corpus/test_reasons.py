from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import annotate.corpus
from annotate.corpus import reasons

FOLDER = Path(annotate.corpus.__file__).parent
# The add step gives the codes that only a project can: what its classes and its other items are.
FILES = [
    *(file for file in FOLDER.glob("*.py") if file.name != "reasons.py"),
    FOLDER.parent / "steps" / "add.py",
]
LITERALS = {
    node.value
    for file in FILES
    for node in ast.walk(ast.parse(file.read_text()))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}


def test_every_note_in_the_code_is_explained() -> None:
    notes = {text for text in LITERALS if re.fullmatch(r"(flag|norm):\w+", text)}
    assert notes
    assert all(reasons.explain(note) for note in notes)


def test_every_quarantine_code_raised_is_explained() -> None:
    raised = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"RejectedInputError": 0, "Verdict": 0, "Rejected": 2, "Entry": 1}
                at = place.get(node.func.id, 99)
                if at < len(node.args) and isinstance(node.args[at], ast.Constant):
                    raised.add(node.args[at].value)
    raised -= {""}
    assert {"row", "name", "symlink_escape", "timeout", "label_unknown"} <= raised
    assert raised <= set(reasons.QUARANTINE)


@pytest.mark.parametrize(
    ("prefix", "table"),
    [("", reasons.QUARANTINE), ("flag:", reasons.FLAGS), ("norm:", reasons.NORMALISED)],
)
def test_every_explained_code_is_one_that_the_code_gives(
    prefix: str, table: dict[str, str]
) -> None:
    given_by_fate = {"flag:duplicate", "flag:duplicate_id"}  # the add step flags what is resolved
    known = LITERALS | (given_by_fate if {"duplicate", "duplicate_id"} <= LITERALS else set())
    assert {prefix + code for code in table} <= known


@pytest.mark.parametrize(
    "table", [reasons.QUARANTINE, reasons.FLAGS, reasons.NORMALISED], ids=["Q", "flag", "norm"]
)
def test_each_explanation_is_one_sentence(table: dict[str, str]) -> None:
    assert all(text[0].isupper() or text[0].isdigit() for text in table.values())
    assert all(text.endswith(".") and ". " not in text for text in table.values())

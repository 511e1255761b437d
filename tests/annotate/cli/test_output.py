from __future__ import annotations

import json

import pytest

from annotate.cli.output import format_cell, format_counts, print_json, print_lines, print_table


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (True, "yes"), (0.9123, "91.2%"), (12345, "12,345"), ("x", "x")],
)
def test_cells_are_written_as_people_read_them(value, shown):
    assert format_cell(value) == shown


def test_counts_leave_out_what_did_not_occur():
    assert format_counts({"empty": 1200, "corrupt": 0, "id": 3}) == "1,200 empty, 3 id"
    assert format_counts({}) == "none"


def test_a_table_shows_markup_as_text_and_escapes_control_characters(capsys):
    print_table(("class",), [("[red]owl[/red]",), ("a\x1b[31m",)])
    shown = capsys.readouterr().out
    assert "[red]owl[/red]" in shown
    assert "\x1b" not in shown and "a\\x1b[31m" in shown


def test_a_long_cell_is_folded_not_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    print_table(("id", "n"), [("x" * 100, 1)])
    assert capsys.readouterr().out.count("x") == 100


def test_lines_escape_what_could_act_on_a_terminal(capsys):
    print_lines("a\x1b]0;title\x07", None, "b")
    assert capsys.readouterr().out == "a\\x1b]0;title\\x07\nb\n"


def test_json_holds_any_name_and_never_acts_on_a_terminal(capsys):
    value = {"names": ["é", "\x9b31m", "\udc80", "\u202e"]}
    print_json(value)
    shown = capsys.readouterr().out
    assert shown.isascii() and shown.rstrip("\n").isprintable()
    assert json.loads(shown) == value


def test_json_refuses_numbers_that_json_does_not_have():
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"accuracy": float("nan")})

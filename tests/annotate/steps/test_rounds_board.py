from __future__ import annotations

import pytest

from annotate.errors import NotAllowedError
from annotate.steps.people import set_person
from annotate.steps.rounds_board import read_report, read_rounds_board, revert_as_owner
from annotate.steps.train import train


@pytest.fixture
def trained(workspace, gold):
    train(workspace, n_rounds=2, student="linear", selectors=["growing_quota"])
    set_person(workspace, "ann", "owner")
    set_person(workspace, "bob", "reviewer")
    return workspace


def test_each_round_has_its_figures_and_its_report(trained):
    board = read_rounds_board(trained)
    assert [row.round_no for row in board.rounds] == list(range(len(board.rounds)))
    assert [row.round_no for row in board.rounds if row.is_head] == [board.head_round]
    for row in board.rounds:
        assert row.measured.n > 0 and 0 <= row.measured.n_right <= row.measured.n
        assert read_report(trained, row.round_no).startswith(b"<!doctype html>")


def test_an_owner_goes_back_to_a_round_and_a_reviewer_does_not(trained):
    with pytest.raises(NotAllowedError, match="go back"):
        revert_as_owner(trained, "bob", 0)
    revert_as_owner(trained, "ann", 0)
    assert read_rounds_board(trained).head_round == 0


def test_before_the_first_round_there_is_nothing_to_show(workspace):
    board = read_rounds_board(workspace)
    assert (board.rounds, board.head_round, board.spot_check) == ((), None, None)

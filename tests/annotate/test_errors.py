from __future__ import annotations

import pytest

from annotate import errors
from annotate.errors import AnnotateError, MissingExtraError, ProjectBusyError, UnknownNameError

ERRORS = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, Exception)]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_the_users_to_mend_and_exits_2_unless_busy(error):
    assert issubclass(error, AnnotateError)
    assert error.exit_code == (75 if error is ProjectBusyError else 2)


def test_an_unknown_name_lists_the_near_ones_first():
    error = UnknownNameError("teacher", "prob", {"zero_shot", "probe"})
    assert str(error) == "No teacher named 'prob'. Did you mean 'probe'? Known: probe, zero_shot."


def test_a_name_that_is_near_to_none_gets_no_suggestion():
    assert "Did you mean" not in str(UnknownNameError("teacher", "xyz", ["probe"]))


def test_of_many_names_the_first_are_listed_and_the_rest_counted():
    names = [f"n{number:03d}" for number in range(100)]
    assert str(UnknownNameError("item", "?", names)).endswith("n028, n029 and 70 more.")


def test_where_nothing_is_known_that_is_said():
    assert str(UnknownNameError("item", "a", [])) == "No item named 'a'. Known: none."


def test_a_missing_extra_gives_the_line_that_installs_it():
    message = str(MissingExtraError("Sentence encoders", "sentence-transformers", "text"))
    assert "pip install 'annotate[text]'" in message and "'sentence-transformers'" in message

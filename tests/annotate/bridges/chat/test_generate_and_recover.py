"""A made-up model that writes as much of a record as its example does, and reads it back."""

from __future__ import annotations

import re

import numpy as np
import pytest

from annotate.bridges.chat.generate_and_recover import choose_by_recovery

PROBES = ["name: ana; age: 30; town: ulm", "name: ben; age: 41; town: bonn"]
LOSSLESS, LOSSY, COPY = ("name", "age", "town"), ("name",), "copy"


def generate(fields, text):
    if fields == COPY:
        return text
    record = dict(re.findall(r"(\w+): (\w+)", text))
    return ",".join(f"{name[0]}{record[name]}" for name in fields)


def recover(fields, note):
    if fields == COPY:
        return note
    return "; ".join(f"{n}: {v[1:]}" for n, v in zip(fields, note.split(","), strict=True))


def same_words(one, other):
    return np.array(
        [len({*a.split()} & {*b.split("; ")[0].split(), *b.split()}) / len({*a.split()})
         for a, b in zip(one, other, strict=True)]
    )  # fmt: skip


def test_the_example_by_which_nothing_is_lost_is_chosen():
    found = choose_by_recovery([LOSSY, LOSSLESS], PROBES, generate, recover, same_words)
    assert found.best == 1
    assert found.means[1] > found.means[0]


def test_copying_recovers_all_and_is_marked_down_by_its_length():
    found = choose_by_recovery([COPY, LOSSLESS], PROBES, generate, recover, same_words)
    assert found.best == 1
    np.testing.assert_allclose(found.scores[0], 0.5)  # twice as long as allowed


def test_a_low_score_shows_the_text_that_does_not_fit():
    probes = [*PROBES, "name: eve; age: 7; town: rome; hobby: chess"]
    found = choose_by_recovery([LOSSLESS], probes, generate, recover, same_words)
    assert found.scores[0].argmin() == 2


def test_of_equals_the_first_is_chosen():
    assert choose_by_recovery([LOSSY] * 3, PROBES, generate, recover, same_words).best == 0


@pytest.mark.parametrize(("candidates", "probes"), [([], PROBES), ([LOSSY], [])])
def test_there_must_be_something_to_choose(candidates, probes):
    with pytest.raises(ValueError, match="candidates and probes"):
        choose_by_recovery(candidates, probes, generate, recover, same_words)

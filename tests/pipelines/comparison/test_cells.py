"""What the benchmark measures: all that is registered, less what was not asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import UnknownNameError
from annotate.review.queue import queue_orders
from annotate.selection import SELECTORS
from annotate.teachers import TEACHERS
from annotate.training.defaults import DEFAULT_SELECTORS, DEFAULT_STUDENT
from pipelines.comparison.cells import (
    COSTLY_STUDENTS,
    NEED_AN_ARGUMENT,
    READ_VOTES,
    cells_of,
    choose,
    is_known,
)
from pipelines.comparison.corpora import Corpus

TEXTS = Corpus("youtube", ("ham", "spam"), np.array([0, 1]), texts=["a", "b"])
FEATURES = Corpus("trashnet", ("glass", "metal"), np.array([0, 1]), features=np.eye(2))


def methods(cells, factor):
    return {cell.method for cell in cells if cell.factor == factor}


@pytest.mark.parametrize("corpus", [TEXTS, FEATURES], ids=lambda corpus: corpus.name)
def test_whatever_is_registered_and_runs_by_its_name_is_measured(corpus):
    cells = cells_of(corpus, 0)
    assert methods(cells, "teacher") | READ_VOTES | NEED_AN_ARGUMENT == set(TEACHERS.names())
    assert methods(cells, "selector") | NEED_AN_ARGUMENT >= (
        set(SELECTORS.names()) - set(DEFAULT_SELECTORS)
    )
    students = {"linear", "smoothed_linear"} | (COSTLY_STUDENTS if corpus.texts else set())
    assert methods(cells, "student") == students - {DEFAULT_STUDENT}
    assert methods(cells, "queue") == set(queue_orders.names())
    assert methods(cells, "baseline") == {"plain_margin"}


def test_a_scenario_of_texts_starts_from_names_and_from_labels():
    open_set = replace(TEXTS, name="banking77_open_set", selectors=("default", "novelty"))
    measured = [(cell.start, cell.method) for cell in cells_of(open_set, 0)]
    assert measured == [
        ("names", "default"), ("names", "novelty"), ("labels", "default"), ("labels", "novelty"),
    ]  # fmt: skip


def test_what_reads_votes_is_measured_where_there_are_some():
    voted = replace(TEXTS, votes=np.array([[0], [1]]))
    assert methods(cells_of(voted, 0), "teacher") >= READ_VOTES
    assert not methods(cells_of(TEXTS, 0), "teacher") & READ_VOTES


def test_what_reads_a_graph_is_measured_on_one():
    graph = replace(FEATURES, links=np.array([[0, 1]]))
    added = {(c.factor, c.method) for c in cells_of(graph, 0)}
    added -= {(c.factor, c.method) for c in cells_of(FEATURES, 0)}
    assert added == {
        ("teacher", "propagation:links.csv"),
        ("selector", "agreement:0.5@links.csv"),
    }


def test_every_cell_has_a_file_of_its_own():
    cells = [
        cell for seed in range(2) for corpus in (TEXTS, FEATURES) for cell in cells_of(corpus, seed)
    ]
    assert len({cell.file_name for cell in cells}) == len(cells)


def test_words_of_one_kind_add_up_and_of_two_kinds_narrow_down():
    cells = [*cells_of(TEXTS, 0), *cells_of(FEATURES, 0)]
    chosen = choose(cells, "trashnet, selector, default,threshold")
    assert {(cell.data, cell.method) for cell in chosen} == {
        ("trashnet", "threshold"),
        ("trashnet", "default"),
    }
    chosen = choose(cells, "trashnet,selector,threshold")
    assert {cell.method for cell in chosen} == {"threshold"}
    chosen = choose(cells, "trashnet,selector,default")
    assert {cell.factor for cell in chosen} == {"selector", "default"}
    assert choose(cells, "") == [cell for cell in cells if cell.method != "fine_tuned"]


def test_a_costly_student_is_measured_where_it_is_named():
    cells = cells_of(TEXTS, 0)
    assert "fine_tuned" not in methods(choose(cells, "youtube,student"), "student")
    assert methods(choose(cells, "student,linear,fine_tuned"), "student") == {
        "linear",
        "fine_tuned",
    }


def test_an_unknown_word_names_the_near_ones():
    with pytest.raises(UnknownNameError, match="trashnet"):
        choose(cells_of(FEATURES, 0), "trashnett")


def test_a_scenario_may_name_a_method_that_is_not_there():
    corpus = Corpus(
        "cifar10_long_tail", ("a", "b"), np.array([0, 1]), features=np.eye(2),
        selectors=("default", "agreement+threshold:0.8", "agreement+no_such"),
    )  # fmt: skip
    assert [is_known(cell) for cell in cells_of(corpus, 0)] == [True, True, False]

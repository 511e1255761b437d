"""Each benchmark at a size too small to say anything, so that its code runs."""

from __future__ import annotations

import json
import weakref

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from annotate.review.queue import queue_orders as registered_orders
from annotate.selection import SELECTORS
from pipelines import benchmark
from pipelines.bench import (
    add_images,
    add_texts,
    answer,
    embed_cpu,
    embed_gpu,
    fine_tune_gpu,
    label_studio,
    linear,
    live_learning,
    map_lasso,
    million,
    queue_orders,
    saving,
    selectors,
    startup,
)
from pipelines.bench.alone import Cost, run_alone
from pipelines.bench.label_studio_server import PROGRAM_VARIABLE, find_label_studio
from pipelines.bench.row import Row, compare
from tests.annotate.encoders.tiny_clip import CONFIG

TINY = CONFIG["model_cfg"]


@pytest.fixture
def here(monkeypatch):
    """Run in this process what would have one of its own: starting those takes most of the time."""
    for module in (
        add_images, add_texts, answer, live_learning, map_lasso, million, queue_orders, selectors,
    ):  # fmt: skip
        monkeypatch.setattr(module, "run_alone", lambda call, *a: Cost(1.0, 1.0, 1.0, call(*a)))


def assert_measured(rows, n_rows):
    assert len(rows) == n_rows
    assert all(row.ours > 0 and row.met is not None and row.budget for row in rows)


def test_startup_is_timed_beside_the_bare_interpreter():
    rows = startup.measure(n_runs=1)
    assert_measured(rows, 2)
    assert all(row.ratio == row.ours / row.peer for row in rows)


def test_a_heavy_import_is_noticed():
    assert startup.heavy_packages("import sys; sys.modules['torch'] = sys") == ["torch"]
    assert startup.heavy_packages("import json") == []


def test_texts(here):
    assert_measured(add_texts.measure(n_rows=400, n_runs=1), 2)


def test_images(here):
    assert_measured(add_images.measure(n_photos=8, n_runs=1), 1)


def test_embedding_on_the_cpu():
    rows = embed_cpu.measure(n_photos=4, n_runs=1, model="tiny", config=TINY)
    assert_measured(rows, 1)


def test_the_way_a_gpu_is_measured_runs_on_a_cpu():
    rows = embed_gpu.measure(4, 1, models=("tiny",), config=TINY, device="cpu")
    assert_measured(rows, 1)
    assert rows[0].ratio == rows[0].ours / rows[0].peer


def test_the_way_fine_tuning_on_a_gpu_is_measured_runs_on_a_cpu():
    rows = fine_tune_gpu.measure(4, 1, 1, config=TINY, device="cpu", matrix_side=64)
    assert_measured(rows, 1)
    assert rows[0].ratio == rows[0].ours / rows[0].peer
    assert "of a product of matrices" in rows[0].note


def test_memory_is_measured_with_nothing_else_on_the_card(monkeypatch):
    """A tower is counted as long as anything holds it."""
    towers, n_there = [], []
    make_network = fine_tune_gpu.OpenClipEncoder.trainable_network

    def note(encoder):
        network = make_network(encoder)
        towers.append(weakref.ref(network.network))
        return network

    def count(device):
        n_there.append(sum(tower() is not None for tower in towers))
        return 0.0

    monkeypatch.setattr(fine_tune_gpu.OpenClipEncoder, "trainable_network", note)
    monkeypatch.setattr(fine_tune_gpu, "read_peak", count)
    fine_tune_gpu.measure(4, 1, 2, config=TINY, device="cpu", matrix_side=64)
    assert n_there == [1, 1, 1, 1]  # twice each of two
    assert len(towers) == 4 + 2  # and both once more, for turns


@pytest.mark.parametrize("benchmark", [embed_gpu, fine_tune_gpu])
def test_without_a_gpu_its_rows_say_not_measured(monkeypatch, benchmark):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    rows = benchmark.measure()
    assert [row.met for row in rows] == [None, None]
    assert [row.ours for row in rows] == [None, None]


def test_the_linear_student():
    assert_measured(linear.measure(n_rows=300, dim=8, n_classes=3, n_runs=1), 2)


def test_both_losses_are_scikit_learns_objective(rng):
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 3
    fitted = LogisticRegression(C=2.0).fit(X, y)
    proba = fitted.predict_proba(X)[np.arange(40), y]
    by_hand = -2.0 * np.log(proba).sum() + 0.5 * (fitted.coef_**2).sum()
    assert linear.objective(X, y, 2.0, fitted.coef_, fitted.intercept_) == pytest.approx(by_hand)


def test_one_more_answer(here):
    assert_measured(answer.measure(n_items=1000, dim=8, n_classes=3, n_runs=1), 1)


def test_one_more_answer_beside_the_live_worker(here):
    rows = live_learning.measure(n_items=1000, dim=8, n_classes=3, n_runs=1)
    assert_measured(rows, 1)
    assert "longest stall" in rows[0].note


def test_label_studio_there_and_back():
    if find_label_studio() is None:
        pytest.skip(f"needs Label Studio: .ci/run installs it, or name it in {PROGRAM_VARIABLE}")
    assert_measured(label_studio.measure(n_items=40, n_answers=3), 4)


def test_without_label_studio_its_rows_say_not_measured(monkeypatch):
    monkeypatch.setattr(label_studio, "find_label_studio", lambda: None)
    rows = label_studio.measure()
    assert [(row.ours, row.met) for row in rows] == [(None, None)] * 4


@pytest.mark.browser
def test_a_lasso_on_the_map(here, chromium):
    opened, moved, chosen = map_lasso.measure(n_items=1000, dim=8, n_classes=3)
    assert moved.met is not None
    assert min(opened.ours, moved.ours, chosen.ours) > 0


def test_without_chromium_the_map_is_not_measured(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert [(row.ours, row.met) for row in map_lasso.measure()] == [(None, None)] * 3


def test_saving():
    assert_measured(saving.measure(n_writers=2, duration_s=0.3, think_time_s=0.02), 1)


def test_the_steps_on_many_items(here):
    assert_measured(million.measure(n_items=2000, dim=4, n_classes=3, n_runs=2), 9)


def test_every_selector_that_is_found_by_name(here):
    rows = selectors.measure(n_items=2000, n_classes=5, dim=6)
    assert_measured(rows, len(SELECTORS.names()))
    assert [row.name.rpartition(" ")[2] for row in rows] == SELECTORS.names()


def test_every_queue_order_has_a_row_that_says_what_it_reads(here):
    rows = queue_orders.measure(n_items=600, n_classes=3, dim=4)
    assert_measured(rows, len(registered_orders.names()))
    reads = {row.name.split()[2]: row.note.split("; ")[-1] for row in rows}
    assert reads["margin"] == "reads the summary alone"
    assert reads["contrastive"] == "reads features x 4, prediction"


def test_memory_is_that_of_the_call_alone():
    small = run_alone(np.zeros, 1).peak_gib
    assert run_alone(np.ones, 1 << 26).peak_gib - small > 0.4  # half a GiB of float64


def test_a_comparison_takes_medians_and_judges_the_ratio():
    row = compare("x", "items/s", [8.0, 9.0, 100.0], [10.0, 10.0, 1.0], peer_name="y", at_least=0.9)
    assert (row.ours, row.peer, row.ratio, row.met) == (9.0, 10.0, 0.9, True)
    assert not compare("x", "s", [2.0], [1.0], peer_name="y", at_most=1.5).met


def test_a_budget_that_is_not_met_prints_no(capsys):
    benchmark.show([Row("slow thing", 9.0, "s", "≤ 5 s", False), Row("gpu", None, "s", "≤ 1 s")])
    printed = capsys.readouterr().out
    assert " no" in printed
    assert "not measured" in " ".join(printed.split())


def test_json_names_the_machine_and_the_rows(capsys, monkeypatch):
    monkeypatch.setattr(startup, "measure", lambda: [Row("import annotate", 0.2, "s")])
    monkeypatch.setattr("sys.argv", ["benchmark", "--only", "startup", "--json"])
    benchmark.main()
    report = json.loads(capsys.readouterr().out)
    assert report["machine"]["cores"] >= 1
    assert [row["name"] for row in report["rows"]] == ["import annotate"]

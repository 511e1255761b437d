"""The comparison of students runs on tiny pictures, ends alike when killed, and is fair."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from annotate.errors import SourceError, UnknownNameError
from pipelines import compare_students
from pipelines.compare_students import METHODS, TEACHER, Settings, run
from pipelines.comparison.pictures import draw_equally
from pipelines.comparison.student_rounds import (
    N_ROUNDS,
    Restarted,
    most_confident,
    train_in_rounds,
)

PASSES = 4


@pytest.fixture
def data(tmp_path):
    """A folder of 45 noisy pictures for training and 12 for testing, each class of one colour."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / "cifar10"
    folder.mkdir(parents=True)
    for part, n in (("train10k", 45), ("test", 12)):
        labels = np.arange(n) % 3
        noise = rng.integers(0, 150, (n, 32, 32, 3))
        colours = (noise + 100 * np.eye(3)[labels][:, None, None]).astype(np.uint8)
        encoded = [as_jpeg(picture) for picture in colours]
        pd.DataFrame({"label": labels, "jpeg": encoded}).to_parquet(folder / f"{part}.parquet")
        features = 3 * np.eye(3)[labels] + rng.normal(size=(n, 3))
        np.save(folder / f"features_mobilenet_v1_pca256_{part}.npy", features)
    return folder.parent


def as_jpeg(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "jpeg")
    return file.getvalue()


def small(data, folder, **changes):
    return Settings(data, folder, labels="6", passes=PASSES, seeds=1, **changes)


def test_every_student_gets_the_same_passes_and_a_row(data, tmp_path):
    outcome = run(small(data, tmp_path / "out"))
    table = pd.read_parquet(outcome.results)
    assert table.loc[table["metric"] == "test_accuracy", "method"].tolist() == [TEACHER, *METHODS]
    followed = table[table["metric"] == "pseudo_accuracy"].groupby("method")["at"].max()
    assert followed.pop("momentum, steps of fst_d") == PASSES / 4
    assert set(followed) == {PASSES}
    page = outcome.page.read_text()
    assert all(f"| {name} |" in page for name in (TEACHER, *METHODS))
    agreed = table[table["metric"] == "agreement"].set_index("method")["value"]
    assert set(agreed.index) == {name for name in METHODS if name.startswith("mutual")}
    assert f"| mutual | {100 * agreed['mutual']:.1f} |" in page.split("both networks")[1]
    plot = (outcome.page.parent / "pseudo-labels.svg").read_text()
    assert "6 labels" in plot
    assert "fst_w" in plot


def test_a_killed_run_goes_on_and_ends_like_one_that_was_not(data, tmp_path, monkeypatch):
    settings = small(data, tmp_path / "whole", only="distilled;momentum;fst")
    whole = pd.read_parquet(run(settings).results)
    true_measure, n_calls = compare_students.measure, []

    def measure(*arguments):
        n_calls.append(arguments)
        if len(n_calls) == 2:
            raise KeyboardInterrupt
        return true_measure(*arguments)

    monkeypatch.setattr(compare_students, "measure", measure)
    killed = replace(settings, folder=tmp_path / "killed")
    with pytest.raises(KeyboardInterrupt):
        run(killed)
    resumed = pd.read_parquet(run(killed).results)
    assert len(n_calls) == 4
    is_time = whole["metric"] == "seconds"
    pd.testing.assert_frame_equal(resumed[~is_time], whole[~is_time])


def test_each_round_learns_from_more_of_what_the_one_before_was_sure_of():
    labels = np.array([1, -1, -1, -1, -1])
    proba = np.array([[1, 0], [0.6, 0.4], [0.1, 0.9], [0.8, 0.2], [0.45, 0.55]])
    assert most_confident(labels, proba, 0.5).tolist() == [1, -1, 1, 0, -1]
    assert most_confident(labels, proba, 1.0).tolist() == [1, 0, 1, 0, 1]


def test_rounds_hand_on_labels_and_network(rng):
    X = rng.integers(0, 255, (12, 3 * 32 * 32)).astype(np.uint8)
    labels = np.where(np.arange(12) < 4, np.arange(12) % 2, -1)
    made = []

    def make():
        made.append(Restarted(n_classes=2, n_steps=2, batch_size=4))
        return made[-1]

    student = train_in_rounds(make, X, labels, np.full((12, 2), 0.5), seed=0)
    assert student is made[-1]
    assert len(made) == N_ROUNDS
    assert made[0].run.previous is None
    np.testing.assert_array_equal(made[2].run.teacher_proba, made[1].predict_proba(X))
    before, goes_on = made[2].parameters(), made[3].run.previous
    assert all(np.array_equal(before[name], goes_on[name]) for name in before)
    # The next round goes on from the network that predicted, at the end of its cosine.
    assert all(
        np.array_equal(before[f"resume.network.{name}"], array)
        for name, array in before.items()
        if not name.startswith("resume.")
    )


def test_labels_are_equally_many_of_each_class_and_drawn_anew_for_each_seed():
    truth = np.repeat([0, 1, 2], [20, 30, 40])
    labels, other = draw_equally(truth, 12, seed=0), draw_equally(truth, 12, seed=1)
    assert np.bincount(labels[labels >= 0]).tolist() == [4, 4, 4]
    assert (labels[labels >= 0] == truth[labels >= 0]).all()
    assert (labels != other).any()


def test_a_row_that_is_none_is_told(data, tmp_path):
    with pytest.raises(UnknownNameError, match="momentum"):
        run(small(data, tmp_path / "out", only="momentun"))


def test_a_folder_without_the_pictures_is_told(tmp_path):
    with pytest.raises(SourceError, match="cifar10"):
        run(Settings(tmp_path, tmp_path / "out"))

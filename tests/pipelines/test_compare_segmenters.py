"""The comparison of segmenters runs, ends alike when killed, and draws what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from annotate.errors import ConfigError
from annotate.training.mask_training import METHODS
from pipelines import compare_segmenters
from pipelines.compare_segmenters import (
    SHAPES,
    SIDE,
    Settings,
    draw_scenes,
    given_masks,
    run,
    shape_at,
    steps_of,
)


@pytest.fixture
def small_side(monkeypatch):
    monkeypatch.setattr(compare_segmenters, "SIDE", 16)


def small(folder):
    return Settings(folder, pictures=6, test_pictures=3, given=0.5, passes=4, seeds=1)


@pytest.mark.usefixtures("small_side")
def test_every_method_gets_a_row(tmp_path):
    outcome = run(small(tmp_path / "out"))
    table = pd.read_parquet(outcome.results)
    scores = table[table["metric"] == "mean_iou"]
    assert scores["method"].tolist() == list(METHODS)
    assert scores["value"].between(0, 1).all()
    page = outcome.page.read_text()
    assert all(f"| {name} | {steps_of(name, 4)} | " in page for name in METHODS)
    assert "the masks of 50% given" in page


def test_every_method_gets_the_same_passes():
    passes = {name: steps_of(name, 600) * (method.depth + 1) for name, method in METHODS.items()}
    assert set(passes.values()) == {600}
    assert steps_of("fst_d", 600) == 150


@pytest.mark.usefixtures("small_side")
def test_a_killed_run_goes_on_and_ends_like_one_that_was_not(tmp_path, monkeypatch):
    monkeypatch.setattr(compare_segmenters, "METHODS", {k: METHODS[k] for k in ("momentum", "fst")})
    settings = small(tmp_path / "whole")
    whole = pd.read_parquet(run(settings).results)
    true_measure, n_calls = compare_segmenters.measure, []

    def measure(*arguments):
        n_calls.append(arguments)
        if len(n_calls) == 2:
            raise KeyboardInterrupt
        return true_measure(*arguments)

    monkeypatch.setattr(compare_segmenters, "measure", measure)
    killed = replace(settings, folder=tmp_path / "killed")
    with pytest.raises(KeyboardInterrupt):
        run(killed)
    resumed = pd.read_parquet(run(killed).results)
    assert len(n_calls) == 3
    is_time = whole["metric"] == "seconds"
    pd.testing.assert_frame_equal(resumed[~is_time], whole[~is_time])


def test_a_folder_of_other_settings_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(compare_segmenters, "measure", lambda *arguments: [
        {"metric": "mean_iou", "value": 0.5}
    ])  # fmt: skip
    run(small(tmp_path))
    run(replace(small(tmp_path), seeds=2))  # more of the same
    with pytest.raises(ConfigError, match="passes"):
        run(replace(small(tmp_path), passes=8))


def test_scenes_repeat_and_differ_from_seed_to_seed_and_part_to_part():
    scenes = draw_scenes(3, 0, "known")
    assert scenes.X.shape == (3, SIDE, SIDE, 3)
    assert scenes.X.dtype == np.uint8
    again, other, test = (
        draw_scenes(3, seed, part).X for seed, part in [(0, "known"), (1, "known"), (0, "test")]
    )
    np.testing.assert_array_equal(scenes.X, again)
    assert (other != scenes.X).any()
    assert (test != scenes.X).any()


def test_every_class_occurs_and_its_pixels_are_of_its_colours():
    scenes = draw_scenes(200, 0, "known")
    assert set(np.unique(scenes.masks)) == set(range(len(SHAPES) + 1))
    means = [scenes.X[scenes.masks == label].mean(axis=0) for label in (1, 2, 3)]
    assert [int(mean.argmax()) for mean in means] == [0, 1, 2]  # discs red, squares green, ...


def test_colours_overlap_so_that_shape_matters():
    """A rule on colour alone, the nearest mean of a class, calls many shapes wrongly."""
    scenes = draw_scenes(200, 0, "known")
    inside = scenes.masks > 0
    colours, truth = scenes.X[inside].astype(float), scenes.masks[inside]
    means = np.stack([colours[truth == label].mean(axis=0) for label in range(1, len(SHAPES) + 1)])
    nearest = 1 + ((colours[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.4 < (nearest == truth).mean() < 0.8


@pytest.mark.parametrize(("shape", "fills"), [
    ("disc", np.pi / 4), ("ring", np.pi / 4 * 3 / 4), ("square", 1.0), ("triangle", 0.5),
])  # fmt: skip
def test_a_shape_fills_its_part_of_the_box_around_it(shape, fills):
    rng, shares = np.random.default_rng(0), []
    while len(shares) < 50:
        inside = shape_at(shape, rng)
        if inside[[0, -1]].any() or inside[:, [0, -1]].any():
            continue  # cut off by the border
        y, x = np.nonzero(inside)
        shares.append(len(y) / (np.ptp(y) + 1) / (np.ptp(x) + 1))
    assert np.mean(shares) == pytest.approx(fills, abs=0.06)


def test_so_many_masks_are_given_and_of_the_others_nothing():
    masks = draw_scenes(40, 0, "known").masks
    given = given_masks(masks, 0.05, seed=0)
    known = (given != -1).any(axis=(1, 2))
    assert known.sum() == 2
    np.testing.assert_array_equal(given[known], masks[known])
    assert (given_masks(masks, 0.05, seed=1) != given).any()
    assert (given_masks(masks, 0.001, seed=0) != -1).any()

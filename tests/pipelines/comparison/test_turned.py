"""The control for ``rotations``."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import TrainingRun
from pipelines.comparison.turned import Turned

N = 60


@pytest.fixture
def pictures(rng):
    """Noise that is redder or bluer, and brighter at the top."""
    y = np.arange(N) % 2
    colours = rng.integers(0, 100, (N, 32, 32, 3))
    colours[y == 0, :, :, 0] += 100
    colours[y == 1, :, :, 2] += 100
    colours[:, :8] += 50
    return colours, y


def test_it_learns_and_answers_alike_however_a_picture_is_turned(pictures):
    colours, y = pictures
    X = colours.reshape(N, -1).astype(np.float32)
    student = Turned(n_classes=2, n_steps=20, batch_size=6)
    student.run = TrainingRun(seed=1)
    proba = student.fit(X, y).predict_proba(X)
    assert (proba.argmax(axis=1) == y).mean() > 0.9
    turned = np.rot90(colours, axes=(1, 2)).reshape(N, -1).astype(np.float32)
    np.testing.assert_allclose(student.predict_proba(turned), proba, atol=1e-5)
    mirrored = colours[:, :, ::-1].reshape(N, -1).astype(np.float32)
    assert np.abs(student.predict_proba(mirrored) - proba).max() > 1e-4

"""Joint labels of class and rotation, against the definition."""

from __future__ import annotations

import numpy as np
import torch

from annotate.training.rotations import Rotations, aggregated, joint_labels, rotated


def test_all_four_quarter_turns_in_order():
    picture = torch.tensor([[0.0, 1.0], [2.0, 3.0]])[None, None]
    turns = [np.rot90(picture[0, 0].numpy(), turn) for turn in range(4)]
    np.testing.assert_array_equal(rotated(picture)[:, 0], np.stack(turns))


def test_outputs_are_pairs_of_class_and_rotation():
    labels = joint_labels(torch.tensor([0, 2]))
    assert labels.tolist() == [0, 8, 1, 9, 2, 10, 3, 11]


def test_the_aggregate_is_the_mean_of_each_rotations_own_outputs(rng):
    n, n_classes = 3, 5
    logits = rng.normal(size=(4 * n, 4 * n_classes))
    expected = np.zeros((n, n_classes))
    for row in range(n):
        for label in range(n_classes):
            for turn in range(4):
                expected[row, label] += logits[turn * n + row, 4 * label + turn] / 4
    np.testing.assert_allclose(aggregated(torch.tensor(logits)), expected)


def test_it_has_four_outputs_a_class_and_answers_with_one(rng):
    X = rng.integers(0, 255, (8, 3 * 32 * 32)).astype(np.float32)
    student = Rotations(n_classes=2, n_steps=2, batch_size=4).fit(X, np.arange(8) % 2)
    assert len(student.parameters()["head.bias"]) == 8
    proba = student.predict_proba(X)
    views = rotated(torch.tensor(X.reshape(8, 32, 32, 3) / 255).permute(0, 3, 1, 2))
    with torch.inference_mode():
        joint = student._network.eval()(views)
    np.testing.assert_allclose(proba, aggregated(joint).softmax(dim=1), atol=1e-5)

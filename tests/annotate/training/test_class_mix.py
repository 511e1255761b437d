from __future__ import annotations

import math

import pytest
import torch

from annotate.training.class_mix import class_mix

N, SIDE = 6, 8


def seeded(number=0):
    return torch.Generator().manual_seed(number)


@pytest.fixture
def labels():
    """Labels of 1 to 6 classes, in no order."""
    drawn = torch.randint(0, 100, (N, SIDE, SIDE), generator=seeded(1))
    return torch.stack([drawn[row] % (row + 1) * 2 for row in range(N)])


def mixed_origins(labels, seed=0):
    """Mix pictures and weights that hold their own number; return what came of labels, too."""
    own = torch.arange(len(labels)).float()[:, None, None].expand(labels.shape)
    pictures, mixed, weights = class_mix(
        own[:, None].expand(-1, 3, -1, -1), labels, own + 0.5, seeded(seed)
    )
    return pictures, mixed, weights


def test_whole_classes_half_of_them_lie_on_the_picture_before(labels):
    pictures, _, _ = mixed_origins(labels)
    for row in range(N):
        pasted = pictures[row, 0] == row
        assert (pictures[row, 0][~pasted] == (row - 1) % N).all()
        classes = set(labels[row].unique().tolist())
        drawn = set(labels[row][pasted].unique().tolist())
        assert len(drawn) == math.ceil(len(classes) / 2)
        assert drawn.isdisjoint(labels[row][~pasted].unique().tolist())


def test_pixels_labels_and_weights_come_from_one_place(labels):
    pictures, mixed, weights = mixed_origins(labels)
    origin = pictures[:, 0].long()
    y, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    assert torch.equal(mixed, labels[origin, y, x])
    assert torch.equal(weights, origin + 0.5)
    assert torch.equal(pictures, origin[:, None].expand(-1, 3, -1, -1).float())


def test_a_picture_of_one_class_covers_the_other_whole(labels):
    pictures, _, _ = mixed_origins(labels)
    assert (pictures[0] == 0).all()


def test_every_class_is_drawn_at_times_and_left_at_times():
    labels = torch.arange(4).repeat(2, 4, 1)
    drawn = torch.stack([mixed_origins(labels, seed)[0][0, 0, 0] == 0 for seed in range(200)])
    assert (drawn.sum(dim=1) == 2).all()
    assert ((drawn.float().mean(dim=0) - 0.5).abs() < 0.15).all()


def test_a_new_class_in_one_picture_changes_no_other(labels):
    """So that a teacher that has moved a little still sees almost the same view mixed."""
    other = labels.clone()
    other[3, 0, 0] = 30
    before, after = mixed_origins(labels)[0], mixed_origins(other)[0]
    same = torch.arange(N) != 3
    assert torch.equal(before[same], after[same])


def test_the_generator_decides_everything(labels):
    assert torch.equal(mixed_origins(labels, 1)[0], mixed_origins(labels, 1)[0])
    assert not torch.equal(mixed_origins(labels, 1)[0], mixed_origins(labels, 2)[0])


def test_one_picture_alone_is_refused(labels):
    with pytest.raises(ValueError, match="two pictures or more; got 1"):
        mixed_origins(labels[:1])

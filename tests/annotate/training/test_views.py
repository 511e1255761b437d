from __future__ import annotations

import pytest
import torch

from annotate.training.views import Views

SIDE = 32


@pytest.fixture
def pictures():
    return torch.rand((64, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(0))


def seeded(number=0):
    return torch.Generator().manual_seed(number)


def shifted(picture, dy, dx):
    """The definition, slowly: reflect the border, then cut the square out."""
    padded = torch.nn.functional.pad(picture[None], (4, 4, 4, 4), mode="reflect")[0]
    return padded[:, 4 + dy : 4 + dy + SIDE, 4 + dx : 4 + dx + SIDE]


def inner(picture):
    return picture[:, 5:-5, 5:-5]  # grid_sample reflects at the edge, pad at the outermost pixel


def test_a_weak_view_is_the_picture_shifted_by_whole_pixels_and_perhaps_mirrored(pictures):
    n_mirrored = 0
    for picture, view in zip(pictures, Views().weak(pictures, seeded()), strict=True):
        found = [
            mirror
            for mirror in (False, True)
            for dy in range(-4, 5)
            for dx in range(-4, 5)
            if torch.allclose(
                inner(view),
                inner(shifted(picture.flip(2) if mirror else picture, dy, dx)),
                atol=1e-4,
            )
        ]
        assert len(found) == 1
        n_mirrored += found[0]
    assert 20 < n_mirrored < 44


def test_what_must_not_be_mirrored_is_not(pictures):
    gradient = torch.linspace(0, 1, SIDE).expand(64, 3, SIDE, SIDE)
    for view in (Views(False).weak(gradient, seeded()), Views(False).strong(gradient, seeded())):
        left, right = view[:, :, :, 4:14].mean(), view[:, :, :, -14:-4].mean()
        assert right > left + 0.1
    mirrored = Views().weak(gradient, seeded())[:, 0, 16]
    assert (mirrored[:, 6] > mirrored[:, -6]).any()


def test_strong_views_are_colours_and_differ_from_picture_to_picture(pictures):
    same = pictures[:1].expand(8, -1, -1, -1)
    views = Views().strong(same, seeded())
    assert views.shape == same.shape
    assert views.min() >= 0
    assert views.max() <= 1
    assert len({view.numpy().tobytes() for view in views}) == 8


def test_a_strong_view_has_a_grey_square_of_half_the_side_or_what_of_it_lies_inside(pictures):
    grey = (Views().strong(pictures, seeded()) == 0.5).all(dim=1).sum(dim=(1, 2))
    assert grey.min() >= 8 * 8 - 16  # a quarter of the square, when its centre is a corner
    assert grey.max() >= 15 * 15


@pytest.mark.parametrize("side", [SIDE, 224])
def test_views_change_as_much_of_a_large_picture_as_of_a_small_one(side):
    """Each amount as a share of the side: of a picture that holds its own places as colours."""
    place = (torch.arange(side) + 0.5) / side
    across = torch.stack(torch.meshgrid(place, place, indexing="ij"))
    own_places = torch.cat([across, across[:1]]).repeat(64, 1, 1, 1)
    middle = slice(side // 4, -side // 4)  # no border that a shift reflects
    moves = (Views(False).weak(own_places, seeded()) - own_places)[:, :2, middle, middle]
    farthest = moves.abs().amax(dim=(2, 3))
    assert torch.allclose(farthest, moves.abs().amin(dim=(2, 3)), atol=1e-4)  # no other change
    assert 0.11 < farthest.max() < 0.1251  # an eighth
    greyed = (Views().strong(own_places, seeded()) == 0.5).all(dim=1).float().mean(dim=(1, 2))
    assert 0.05 < greyed.min() < 0.1  # a quarter of a square of half the side is a sixteenth
    assert 0.21 < greyed.max() < 0.26


def test_the_generator_decides_everything(pictures):
    strong = Views().strong
    assert torch.equal(strong(pictures, seeded(1)), strong(pictures, seeded(1)))
    assert not torch.equal(strong(pictures, seeded(1)), strong(pictures, seeded(2)))

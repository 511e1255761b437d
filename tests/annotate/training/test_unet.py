from __future__ import annotations

import pytest
import torch

from annotate.training.unet import SmallUNet


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SmallUNet(3, widths=(4, 6, 8)).eval()


def test_logits_are_as_large_as_the_picture_whatever_its_sides(network):
    assert network(torch.rand(2, 3, 16, 16)).shape == (2, 3, 16, 16)
    assert network(torch.rand(1, 3, 8, 20)).shape == (1, 3, 8, 20)
    assert SmallUNet(5, widths=(4, 6))(torch.rand(2, 3, 6, 6)).shape == (2, 5, 6, 6)


def test_sides_that_cannot_be_halved_twice_are_refused(network):
    with pytest.raises(ValueError, match="divisible by 4; got 16 x 18 px"):
        network(torch.rand(1, 3, 16, 18))


def test_a_picture_is_read_alike_alone_and_in_a_batch(network):
    pictures = torch.rand(5, 3, 16, 16)
    torch.testing.assert_close(network(pictures)[2:3], network(pictures[2:3]))


def test_all_levels_count_and_learn():
    torch.manual_seed(0)
    network = SmallUNet(3, widths=(4, 6, 8))
    network(torch.rand(4, 3, 16, 16)).square().mean().backward()
    still = [name for name, weight in network.named_parameters() if not weight.grad.any()]
    assert still == []


def test_fine_detail_passes_by_the_deeper_levels(network):
    """One pixel changes: with the deepest level silent, its neighbours alone may answer."""
    with torch.no_grad():
        for weight in network.down[1:].parameters():
            weight.zero_()
    picture = torch.full((1, 3, 32, 32), 0.5)
    changed = picture.clone()
    changed[0, :, 9, 21] = 1.0
    moved = (network(changed) - network(picture)).abs().sum(dim=(0, 1))
    rows, columns = torch.nonzero(moved > 1e-6, as_tuple=True)
    assert moved[9, 21] > 0
    # Two convolutions down and two up, one pixel each.
    assert (rows - 9).abs().max() <= 4
    assert (columns - 21).abs().max() <= 4

from __future__ import annotations

import pytest
import torch

from annotate.training.pixel_labels import class_thresholds, pixel_weights, sure_share


@pytest.fixture
def proba():
    logits = 3 * torch.randn((3, 4, 8, 8), generator=torch.Generator().manual_seed(0))
    return logits.softmax(dim=1)


def two_classes(of_first):
    """Return probabilities of one line of pixels, given those of class 0."""
    first = torch.tensor(of_first)
    return torch.stack([first, 1 - first])[None, :, None, :]


def reference_thresholds(proba, share, highest):
    """The definition, slowly: sort each class's confidences, take the last that is kept."""
    confidences = {number: [] for number in range(proba.shape[1])}
    for pixel in proba.movedim(1, -1).reshape(-1, proba.shape[1]).tolist():
        confidences[pixel.index(max(pixel))].append(max(pixel))
    out = []
    for found in confidences.values():
        kept = sorted(found, reverse=True)[: max(1, round(share * len(found)))]
        out.append(min([*kept, highest]))
    return out


@pytest.mark.parametrize("share", [0.01, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("highest", [0.7, 0.968])
def test_thresholds_meet_the_definition(proba, share, highest):
    found = class_thresholds(proba, share, highest)
    torch.testing.assert_close(found, torch.tensor(reference_thresholds(proba, share, highest)))


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_below_the_highest_value_the_share_of_every_class_is_kept(proba, share):
    weights = pixel_weights(proba, class_thresholds(proba, share, highest=1.0))
    label = proba.argmax(dim=1)
    for number in range(4):
        of_class = weights[label == number]
        assert of_class.sum() == round(share * len(of_class))


def test_four_pixels_by_hand():
    pixels = two_classes([0.9, 0.8, 0.7, 0.4])
    thresholds = class_thresholds(pixels, share=2 / 3)
    torch.testing.assert_close(thresholds, torch.tensor([0.8, 0.6]))
    assert pixel_weights(pixels, thresholds).tolist() == [[[1, 1, 0, 1]]]


def test_pixels_above_the_highest_threshold_count_beyond_the_share():
    pixels = two_classes([0.99, 0.98, 0.97, 0.6])
    thresholds = class_thresholds(pixels, share=0.25)
    assert thresholds[0].item() == pytest.approx(0.968)
    assert pixel_weights(pixels, thresholds).tolist() == [[[1, 1, 1, 0]]]


def test_a_class_that_no_pixel_has_gets_the_highest_threshold():
    assert class_thresholds(two_classes([0.9, 0.8]), 0.5)[1].item() == pytest.approx(0.968)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(proba, share):
    with pytest.raises(ValueError, match="above 0 and 1 at most"):
        class_thresholds(proba, share)


def test_the_sure_share_is_one_number_a_picture():
    pictures = torch.cat(
        [two_classes([0.99, 0.98, 0.97, 0.01]), two_classes([0.9, 0.5, 0.969, 0.2])]
    )
    assert sure_share(pictures).tolist() == [1.0, 0.25]
    assert sure_share(pictures, threshold=0.75).tolist() == [1.0, 0.75]

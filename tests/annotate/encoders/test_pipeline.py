from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from annotate.encoders.hashing import HashingEncoder
from annotate.encoders.pipeline import iter_features
from annotate.encoders.pixels import PixelsEncoder


@pytest.fixture
def files(photos, tmp_path):
    """The photos as PNG, with a file that is no image in the middle."""
    paths = [tmp_path / f"{number}.png" for number in range(len(photos))]
    for photo, path in zip(photos, paths, strict=True):
        photo.save(path)
    paths[3].write_text("not an image")
    return paths


def never(position: int, reason: str) -> None:
    pytest.fail(f"item {position} failed: {reason}")


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_rows_are_in_order_whatever_the_workers_and_the_batch(
    clip_encoder, photos, files, workers, batch_size
):
    failures = []
    blocks = list(
        iter_features(
            clip_encoder,
            files,
            Image.open,
            report_failure=lambda position, reason: failures.append((position, reason)),
            batch_size=batch_size,
            workers=workers,
            device="cpu",
        )
    )
    assert all(len(block) == batch_size for block in blocks[:-1])
    features, expected = np.concatenate(blocks), clip_encoder.encode(photos)
    assert np.isnan(features[3]).all()
    kept = [0, 1, 2, 4, 5, 6]
    np.testing.assert_allclose(features[kept], expected[kept], atol=1e-5)
    [(position, reason)] = failures
    assert position == 3 and "UnidentifiedImageError" in reason


def test_texts_go_through_as_they_are():
    texts = ["one cat", "two cats", "three cats"]
    encoder = HashingEncoder()
    blocks = iter_features(encoder, texts, str, report_failure=never, batch_size=2)
    np.testing.assert_array_equal(np.concatenate(list(blocks)), encoder.encode(texts))


def test_a_block_whose_items_all_fail_is_nan():
    blocks = list(
        iter_features(
            PixelsEncoder(),
            ["a", "b"],
            Image.open,
            report_failure=lambda *_: None,
            workers=0,
            device="cpu",
        )
    )
    assert len(blocks) == 1 and blocks[0].shape == (2, 768) and np.isnan(blocks[0]).all()


def test_no_items_give_no_blocks():
    assert list(iter_features(HashingEncoder(), [], str, report_failure=never)) == []

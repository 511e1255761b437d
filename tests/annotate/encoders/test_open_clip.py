from __future__ import annotations

import pickle
import shutil

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from torch.nn.functional import normalize

from annotate.encoders.open_clip import OpenClipEncoder
from annotate.errors import WeightsNotFoundError
from annotate.protocols import Encoder, TextTower
from tests.annotate.encoders.tiny_clip import write_tiny_clip


@pytest.fixture(scope="module")
def reference(tiny_clip):
    """open_clip's own model, transform and tokenizer."""
    name = f"local-dir:{tiny_clip}"
    model, _, transform = open_clip.create_model_and_transforms(name)
    return model.eval(), transform, open_clip.get_tokenizer(name)


def test_it_is_an_encoder_with_a_text_tower(clip_encoder):
    assert isinstance(clip_encoder, Encoder) and isinstance(clip_encoder, TextTower)


def test_image_features_are_those_of_open_clip(clip_encoder, reference, photos):
    model, transform, _ = reference
    with torch.no_grad():
        expected = normalize(model.encode_image(torch.stack([transform(p) for p in photos])))
    np.testing.assert_allclose(clip_encoder.encode(photos), expected.numpy(), atol=1e-6)


def test_text_features_and_scale_are_those_of_open_clip(clip_encoder, reference):
    model, _, tokenizer = reference
    with torch.no_grad():
        expected = normalize(model.encode_text(tokenizer(["a cat", "Sci/Tech"])))
    np.testing.assert_allclose(
        clip_encoder.encode_texts(["a cat", "Sci/Tech"]), expected.numpy(), atol=1e-6
    )
    assert clip_encoder.logit_scale == pytest.approx(model.logit_scale.exp().item())


def test_batch_size_does_not_matter(clip_encoder, photos):
    one_by_one = np.concatenate([clip_encoder.encode([photo]) for photo in photos])
    np.testing.assert_allclose(clip_encoder.encode(photos), one_by_one, atol=1e-5)


def test_preprocess_travels_without_the_model(clip_encoder, photos):
    shipped = pickle.dumps(clip_encoder.preprocess)
    np.testing.assert_array_equal(
        pickle.loads(shipped)(photos[0]), clip_encoder.preprocess(photos[0])
    )
    assert len(shipped) < 10_000


def test_a_grey_image_counts_as_rgb(clip_encoder):
    grey = Image.effect_noise((40, 40), 50)
    np.testing.assert_array_equal(
        clip_encoder.encode([grey]), clip_encoder.encode([grey.convert("RGB")])
    )


def test_a_moved_folder_keeps_the_hash_and_other_weights_change_it(tiny_clip, tmp_path):
    moved = shutil.copytree(tiny_clip, tmp_path / "tiny")
    other = write_tiny_clip(tmp_path / "other" / "tiny", seed=1)
    here, there, elsewhere = (OpenClipEncoder(str(f)).id for f in (tiny_clip, moved, other))
    assert here == there != elsewhere


def test_float16_weights_load_as_float32(tmp_path):
    folder = write_tiny_clip(tmp_path / "half", dtype=torch.float16)
    features = OpenClipEncoder(str(folder)).encode_texts(["a cat"])
    assert features.dtype == np.float32 and np.linalg.norm(features) == pytest.approx(1, abs=1e-6)


def test_weights_of_another_model_are_refused(tiny_clip):
    with pytest.raises(WeightsNotFoundError, match="does not fit ViT-S-32"):
        OpenClipEncoder(f"ViT-S-32@{tiny_clip / 'open_clip_model.safetensors'}")


def test_broken_weights_are_refused(tiny_clip, tmp_path):
    folder = shutil.copytree(tiny_clip, tmp_path / "broken")
    (folder / "open_clip_model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(WeightsNotFoundError, match="does not fit"):
        OpenClipEncoder(str(folder))

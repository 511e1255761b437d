"""Joint prompts, against the layer that mixes them written out."""

from __future__ import annotations

from pathlib import Path

import open_clip
import pytest
import torch
from torch.nn.functional import gelu, layer_norm

from annotate.training.prompts_joint import JointPrompts
from annotate.training.prompts_text import PromptedTexts
from annotate.training.prompts_visual import PromptedImages

DEMO = f"local-dir:{Path(__file__).parents[3] / 'data' / 'demo_clip'}"
NAMES = ["7", "forty two", "one hundred and five"]


@pytest.fixture(scope="module")
def clip():
    model = open_clip.create_model(DEMO, pretrained=None).eval()
    return model, open_clip.get_tokenizer(DEMO)


@pytest.fixture
def pixels():
    return torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def mixed_by_hand(prompts):
    """One block with one head: x + attention(norm(x)), then x + mlp(norm(x))."""
    weights = dict(prompts.named_parameters())

    def through(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(name, x):
        return layer_norm(x, (128,), weights[f"{name}.weight"], weights[f"{name}.bias"])

    text, image = weights["text_vectors"], weights["image_tokens"]
    x = torch.cat([through("text_in", text), through("image_in", image)])
    inner = normal("mixer.norm1", x)
    in_bias = weights["mixer.self_attn.in_proj_bias"]
    q, k, v = (inner @ weights["mixer.self_attn.in_proj_weight"].T + in_bias).chunk(3, dim=1)
    seen = torch.softmax(q @ k.T / 128**0.5, dim=1) @ v
    x = x + through("mixer.self_attn.out_proj", seen)
    x = x + through("mixer.linear2", gelu(through("mixer.linear1", normal("mixer.norm2", x))))
    return through("text_out", x[: len(text)]), through("image_out", x[len(text) :])


def test_both_sides_pass_one_layer_of_128_and_go_back_to_their_towers(clip):
    prompts = JointPrompts(*clip, NAMES)
    text, image = prompts()
    assert text.shape == (4, 64) and image.shape == (4, 96)
    for got, expected in zip((text, image), mixed_by_hand(prompts), strict=True):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_each_tower_gets_its_tokens(clip, pixels):
    prompts = JointPrompts(*clip, NAMES)
    vectors, tokens = prompts()
    classes = PromptedTexts(*clip, NAMES, 4)(vectors)
    torch.testing.assert_close(prompts.class_features(), classes)
    images = PromptedImages(clip[0])(pixels, tokens)
    torch.testing.assert_close(prompts.image_features(pixels), images)


def test_what_one_side_says_depends_on_the_other(clip, pixels):
    prompts = JointPrompts(*clip, NAMES)
    prompts.class_features()[:, 0].sum().backward()
    assert (prompts.image_tokens.grad != 0).any()
    prompts.zero_grad()
    prompts.image_features(pixels)[:, 0].sum().backward()
    assert (prompts.text_vectors.grad != 0).any()


def test_where_the_context_is_short_there_are_fewer_text_vectors(clip, pixels):
    prompts = JointPrompts(*clip, ["one", "two " * 11])
    text, image = prompts()
    assert len(text) == 3 and len(image) == 4
    assert prompts.class_features().shape == (2, 64)


def test_nothing_of_the_model_is_learnt(clip, pixels):
    prompts = JointPrompts(*clip, NAMES)
    (prompts.class_features() @ prompts.image_features(pixels).T).sum().backward()
    assert all(weight.grad is None for weight in clip[0].parameters())
    owned = {id(weight) for weight in prompts.parameters()}
    assert owned.isdisjoint(id(weight) for weight in clip[0].parameters())

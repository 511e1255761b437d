"""Tokens among patches, against open_clip's own image tower."""

from __future__ import annotations

from pathlib import Path

import open_clip
import pytest
import torch

from annotate.errors import ConfigError
from annotate.training.prompts_visual import PromptedImages, VisualPrompts

DEMO = f"local-dir:{Path(__file__).parents[3] / 'data' / 'demo_clip'}"
TINY_VISION = {"image_size": 32, "patch_size": 4, "layers": 1, "width": 8, "head_width": 8}
TINY_TEXT = {"context_length": 16, "vocab_size": 99, "width": 8, "heads": 1, "layers": 1}


@pytest.fixture(scope="module")
def model():
    return open_clip.create_model(DEMO, pretrained=None).eval()


@pytest.fixture
def pixels():
    return torch.randn(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def read_by_the_transformer(model, call):
    """Return what the image transformer gets in a call, (n, n_tokens, width)."""
    seen = []
    keep = model.visual.transformer.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with keep, torch.no_grad():
        call()
    return seen[0]


def test_without_tokens_the_tower_says_what_it_always_says(model, pixels):
    with torch.no_grad():
        features = VisualPrompts(model, n_tokens=0)(pixels)
        assert torch.equal(features, model.encode_image(pixels, normalize=True))


def test_tokens_stand_between_the_class_token_and_the_patches(model, pixels):
    """Before the first normalisation, without a position, alike for all pictures."""
    prompts = VisualPrompts(model, n_tokens=3)
    plain = read_by_the_transformer(model, lambda: model.encode_image(pixels))
    prompted = read_by_the_transformer(model, lambda: prompts(pixels))
    assert prompted.shape[1] == plain.shape[1] + 3
    torch.testing.assert_close(prompted[:, [0, *range(4, prompted.shape[1])]], plain)
    expected = model.visual.ln_pre(prompts.tokens).expand(5, -1, -1)
    torch.testing.assert_close(prompted[:, 1:4], expected)


def test_first_tokens_are_drawn_as_the_class_token_is(model):
    torch.manual_seed(0)
    tokens = VisualPrompts(model).tokens
    assert tokens.shape == (16, 96)
    assert tokens.std().item() == pytest.approx(96**-0.5, rel=0.1)


def test_only_the_tokens_are_learnt(model, pixels):
    prompts = VisualPrompts(model)
    features = prompts(pixels)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(5))
    features[:, 0].sum().backward()
    assert [name for name, _ in prompts.named_parameters()] == ["tokens"]
    assert (prompts.tokens.grad.abs().sum(dim=1) > 0).all()
    assert all(weight.grad is None for weight in model.parameters())


def test_a_picture_is_seen_alike_whatever_it_is_seen_with(model, pixels):
    prompts = VisualPrompts(model)
    together, alone = prompts(pixels), prompts(pixels[2:3])
    torch.testing.assert_close(together[2:3], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("vision", "told"),
    [
        ({"layers": (1, 1, 1, 1)}, "VisionTransformer; got ModifiedResNet"),
        ({"pool_type": "avg"}, "pools by avg"),
        ({"attentional_pool": True, "attn_pooler_heads": 1}, "pools by attention"),
    ],
)
def test_a_tower_that_is_not_read_at_its_class_token_is_refused(vision, told):
    model = open_clip.CLIP(8, vision_cfg=TINY_VISION | vision, text_cfg=TINY_TEXT)
    with pytest.raises(ConfigError, match=told):
        PromptedImages(model)

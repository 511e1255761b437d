from __future__ import annotations

import open_clip
import pytest

from annotate.training.layer_heights import layer_heights

# As models name their weights, input first: (name, blocks between it and the head).
BERT = [
    ("0.model.embeddings.LayerNorm.bias", 2),
    ("0.model.encoder.layer.0.attention.self.query.weight", 1),
    ("0.model.encoder.layer.1.output.LayerNorm.weight", 0),
    ("0.model.pooler.dense.bias", 0),
]
DISTILBERT = [
    ("0.model.embeddings.word_embeddings.weight", 2),
    ("0.model.transformer.layer.0.attention.q_lin.weight", 1),
    ("0.model.transformer.layer.1.ffn.lin1.bias", 0),
]
VIT = [
    ("network.class_embedding", 2),
    ("network.conv1.weight", 2),
    ("network.transformer.resblocks.0.attn.in_proj_weight", 1),
    ("network.transformer.resblocks.1.mlp.c_fc.bias", 0),
    ("network.ln_post.weight", 0),
    ("network.proj", 0),
]
TIMM = [
    ("trunk.patch_embed.proj.weight", 1),
    ("trunk.blocks.0.norm1.weight", 0),
    ("trunk.attn_pool.latent", 0),
    ("trunk.fc_norm.weight", 0),
]


@pytest.mark.parametrize("model", [BERT, DISTILBERT, VIT, TIMM])
def test_blocks_are_counted_from_the_head(model):
    assert layer_heights(name for name, _ in model) == dict(model)


def test_a_residual_network_has_stages_for_blocks():
    visual = open_clip.create_model("RN50", pretrained=None).visual
    heights = layer_heights(name for name, _ in visual.named_parameters())
    assert heights["conv1.weight"] == 4
    assert heights["layer1.0.conv1.weight"] == 3
    assert heights["layer4.2.bn3.bias"] == heights["attnpool.c_proj.bias"] == 0


def test_a_model_without_numbered_blocks_is_one():
    assert layer_heights(["weight", "head.bias"]) == {"weight": 0, "head.bias": 0}

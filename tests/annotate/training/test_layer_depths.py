from __future__ import annotations

import open_clip
import pytest

from annotate.training.layer_depths import layer_depths

# As models name their weights, input first: (name, blocks before it).
BERT = [
    ("0.model.embeddings.LayerNorm.bias", 0),
    ("0.model.encoder.layer.0.attention.self.query.weight", 1),
    ("0.model.encoder.layer.1.output.LayerNorm.weight", 2),
    ("0.model.pooler.dense.bias", 3),
]
VIT = [
    ("network.class_embedding", 0),
    ("network.conv1.weight", 0),
    ("network.transformer.resblocks.0.attn.in_proj_weight", 1),
    ("network.transformer.resblocks.1.mlp.c_fc.bias", 2),
    ("network.ln_post.weight", 3),
    ("network.proj", 3),
]
TIMM = [
    ("trunk.patch_embed.proj.weight", 0),
    ("trunk.blocks.0.norm1.weight", 1),
    ("trunk.attn_pool.latent", 2),
    ("trunk.fc_norm.weight", 2),
]


@pytest.mark.parametrize("model", [BERT, VIT, TIMM])
def test_blocks_are_counted_from_the_input(model):
    assert layer_depths(name for name, _ in model) == dict(model)


def test_a_residual_network_has_stages_for_blocks():
    visual = open_clip.create_model("RN50", pretrained=None).visual
    depths = layer_depths(name for name, _ in visual.named_parameters())
    assert depths["conv1.weight"] == 0
    assert depths["layer1.0.conv1.weight"] == 2
    assert depths["layer4.2.bn3.bias"] == 5
    assert depths["attnpool.c_proj.bias"] == max(depths.values())


def test_a_model_without_numbered_blocks_is_one():
    assert layer_depths(["weight", "head.bias"]) == {"weight": 0, "head.bias": 0}

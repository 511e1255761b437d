from __future__ import annotations

import shutil

import open_clip
import pytest

from annotate.encoders import open_clip_source
from annotate.encoders.open_clip import build_model
from annotate.encoders.open_clip_source import OpenClipSource, find_source
from annotate.errors import ConfigError, UnknownNameError, WeightsNotFoundError


def test_a_folder_and_the_weights_in_it_mean_the_same(tiny_clip):
    weights = tiny_clip / "open_clip_model.safetensors"
    assert find_source(str(tiny_clip)) == find_source(str(weights))
    assert find_source(str(tiny_clip)).weights == weights


def test_a_model_may_be_given_weights_from_a_file(tiny_clip):
    weights = tiny_clip / "open_clip_model.safetensors"
    assert find_source(f"ViT-B-32@{weights}") == OpenClipSource("ViT-B-32", weights)


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".pkl", ".pth"])
@pytest.mark.parametrize("form", ["{}", "ViT-B-32@{}"])
def test_pickled_weights_are_refused(tmp_path, form, suffix):
    (tmp_path / f"weights{suffix}").touch()
    with pytest.raises(WeightsNotFoundError, match="can run code"):
        find_source(form.format(tmp_path / f"weights{suffix}"))


def test_a_folder_with_pickled_weights_only_is_refused(tiny_clip, tmp_path):
    folder = shutil.copytree(tiny_clip, tmp_path / "model")
    (folder / "open_clip_model.safetensors").rename(folder / "open_clip_pytorch_model.bin")
    with pytest.raises(WeightsNotFoundError, match=r"lacks open_clip_model\.safetensors"):
        find_source(str(folder))


def test_published_weights_out_of_reach_name_both_ways():
    with pytest.raises(WeightsNotFoundError, match=r"hub once.*MODEL@FILE\.safetensors"):
        find_source("ViT-B-32/laion2b_s34b_b79k")
    with pytest.raises(WeightsNotFoundError, match="nobody/nothing"):
        find_source("hf-hub:nobody/nothing")


@pytest.mark.parametrize(
    ("argument", "near"),
    [("ViT-B-23/openai", "ViT-B-32"), ("ViT-B-32/openia", "openai"), ("ViT-B-32", "laion2b")],
)
def test_unknown_names_list_the_near_ones(argument, near):
    with pytest.raises(UnknownNameError, match=near):
        find_source(argument)


@pytest.mark.parametrize("argument", ["/no/such/folder", "./none.safetensors", "~/none"])
def test_a_missing_path_is_named(argument):
    with pytest.raises(WeightsNotFoundError, match=r"none|/no/such"):
        find_source(argument)


def test_no_argument_says_what_one_looks_like():
    with pytest.raises(ConfigError, match="open_clip:ViT-B-32/"):
        find_source("")


def test_openai_weights_get_quickgelu(tmp_path, monkeypatch):
    monkeypatch.setattr(open_clip_source, "find_hub_folder", lambda *_: tmp_path)
    assert find_source("ViT-B-32/openai").quick_gelu
    assert not find_source("ViT-B-32/laion2b_s34b_b79k").quick_gelu


def test_quickgelu_changes_the_model(tiny_clip):
    weights = tiny_clip / "open_clip_model.safetensors"
    gelu, quick = (
        build_model(OpenClipSource(f"local-dir:{tiny_clip}", weights, quick_gelu=flag))
        for flag in (False, True)
    )
    assert not any(isinstance(m, open_clip.transformer.QuickGELU) for m in gelu.modules())
    assert any(isinstance(m, open_clip.transformer.QuickGELU) for m in quick.modules())

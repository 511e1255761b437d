from __future__ import annotations

import hashlib

import pytest

from annotate.encoders.identity import encoder_id, hash_files

PARTS = {
    "architecture": {"name": "ViT"},
    "weights_sha256": "00",
    "preprocessing": {"size": 224, "interpolation": "bicubic"},
    "dtype": "float32",
}


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": {"name": "RN50"}},
        {"weights_sha256": "01"},
        {"preprocessing": {"size": 256, "interpolation": "bicubic"}},
        {"preprocessing": {"size": 224, "interpolation": "bilinear"}},
        {"dtype": "bfloat16"},
    ],
)
def test_any_change_to_what_is_computed_gives_another_id(change):
    assert encoder_id("model", **PARTS) != encoder_id("model", **{**PARTS, **change})


def test_the_order_of_settings_does_not_matter():
    swapped = {"interpolation": "bicubic", "size": 224}
    assert encoder_id("m", **PARTS) == encoder_id("m", **{**PARTS, "preprocessing": swapped})


def test_an_id_is_a_safe_folder_name():
    label, _, digest = encoder_id("open_clip:../Weird Name/" + "x" * 99, **PARTS).rpartition("-")
    assert label.replace("-", "").isalnum() and len(label) <= 40 and len(digest) == 12


def test_the_label_does_not_enter_the_hash():
    assert encoder_id("a", **PARTS).split("-")[-1] == encoder_id("b", **PARTS).split("-")[-1]


def test_files_are_hashed_in_order_by_content(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"one")
    two.write_bytes(b"two")
    parts = hashlib.sha256(b"one").digest() + hashlib.sha256(b"two").digest()
    assert hash_files([one, two]) == hashlib.sha256(parts).hexdigest()
    assert hash_files([two, one]) != hash_files([one, two])

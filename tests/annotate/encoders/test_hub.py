from __future__ import annotations

import huggingface_hub
import pytest

from annotate.encoders.hub import find_hub_folder
from annotate.errors import WeightsNotFoundError


def test_a_local_copy_is_used_without_the_network(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").touch()
    asked = []

    def download(repository, *, allow_patterns, local_files_only):
        asked.append(local_files_only)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert find_hub_folder("org/name", ["model.safetensors"], "a folder") == tmp_path
    assert asked == [True]


def test_a_copy_without_weights_is_completed_from_the_hub(tmp_path, monkeypatch):
    def download(repository, *, allow_patterns, local_files_only):
        if not local_files_only:
            (tmp_path / "model.safetensors").touch()
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert find_hub_folder("org/name", ["model.safetensors"], "a folder") == tmp_path


def test_a_repository_without_safetensors_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path))
    with pytest.raises(WeightsNotFoundError, match=r"holds no file model\.safetensors"):
        find_hub_folder("org/name", ["model.safetensors"], "a folder")


@pytest.mark.parametrize("repository", ["nobody/nothing", "not a name"])
def test_what_cannot_be_had_says_what_to_do_instead(repository):
    with pytest.raises(WeightsNotFoundError, match="or use a folder"):
        find_hub_folder(repository, ["model.safetensors"], "a folder")

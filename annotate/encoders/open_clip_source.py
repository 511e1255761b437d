"""Which model an ``open_clip:`` argument means, and where its weights are.

====================================  ==========================================================
``ViT-B-32/laion2b_s34b_b79k``        a model of open_clip and the tag of its published weights
``ViT-B-32@weights.safetensors``      a model of open_clip with weights from a file
``hf-hub:org/name``                   a repository that holds config and weights
``FOLDER``                            ``open_clip_config.json`` and ``open_clip_model.safetensors``
====================================  ==========================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import open_clip

from annotate.encoders.hub import find_hub_folder
from annotate.errors import ConfigError, UnknownNameError, WeightsNotFoundError

CONFIG_NAME = "open_clip_config.json"
WEIGHTS_NAME = "open_clip_model.safetensors"
LOCAL_FORM = "a local copy: open_clip:MODEL@FILE.safetensors, or open_clip:FOLDER"


@dataclass(frozen=True)
class OpenClipSource:
    """What open_clip needs to build a model.

    Attributes
    ----------
    model_name : str
        As ``open_clip.create_model`` takes it.
    weights : Path
        A safetensors file.
    preprocess : dict
        Size-free preprocessing that belongs to the weights; empty where the folder says it.
    quick_gelu : bool
        True for weights that were trained with QuickGELU, as OpenAI's were; another activation
        would run without an error and be some points worse.
    """

    model_name: str
    weights: Path
    preprocess: dict[str, Any] = field(default_factory=dict)
    quick_gelu: bool = False

    @property
    def folder(self) -> bool:
        """True when config and weights come from one folder."""
        return self.model_name.startswith("local-dir:")


def find_source(argument: str) -> OpenClipSource:
    """Return what ``argument`` means; fetches published weights when they are not here yet.

    Raises
    ------
    ConfigError
        If the argument is empty.
    UnknownNameError
        If open_clip has no such model or tag; lists the near ones.
    WeightsNotFoundError
        If the weights are not safetensors, or neither on disk nor within reach.
    """
    if not argument:
        raise ConfigError(
            "The encoder open_clip must be told which model; got none."
            " Say for example open_clip:ViT-B-32/laion2b_s34b_b79k."
        )
    if argument.startswith("hf-hub:"):
        repository = argument.removeprefix("hf-hub:")
        return _from_folder(find_hub_folder(repository, [WEIGHTS_NAME], LOCAL_FORM))
    model, at, file = argument.partition("@")
    if at:
        return _from_file(model, Path(file).expanduser())
    path = Path(argument).expanduser()
    if path.exists() or path.suffix or path.is_absolute() or argument.startswith((".", "~")):
        return _from_path(path)
    model, _, tag = argument.partition("/")
    return _from_tag(model, tag)


def _from_folder(folder: Path) -> OpenClipSource:
    weights = folder / WEIGHTS_NAME
    missing = [name for name in (CONFIG_NAME, WEIGHTS_NAME) if not (folder / name).is_file()]
    if missing:
        raise WeightsNotFoundError(
            f"A model folder must hold {CONFIG_NAME} and {WEIGHTS_NAME}; {folder} lacks"
            f" {' and '.join(missing)}. Pickled weights (.pt, .bin) are not read, because loading"
            " them can run code: save them with safetensors first."
        )
    return OpenClipSource(f"local-dir:{folder}", weights)


def _from_path(path: Path) -> OpenClipSource:
    if path.is_dir():
        return _from_folder(path)
    if not path.suffix:
        raise WeightsNotFoundError(
            f"The model must be on this machine; there is no folder {path}. Check the path, or"
            " name published weights: open_clip:MODEL/TAG."
        )
    check_weights_file(path)
    if path.name == WEIGHTS_NAME and (path.parent / CONFIG_NAME).is_file():
        return _from_folder(path.parent)
    raise WeightsNotFoundError(
        f"Weights without a model must lie beside their {CONFIG_NAME} and be called {WEIGHTS_NAME};"
        f" got {path}. Say open_clip:MODEL@{path} to name the model."
    )


def _from_file(model: str, path: Path) -> OpenClipSource:
    check_model_name(model)
    check_weights_file(path)
    return OpenClipSource(model, path)


def _from_tag(model: str, tag: str) -> OpenClipSource:
    check_model_name(model)
    tags = open_clip.list_pretrained_tags_by_model(model)
    published = open_clip.get_pretrained_cfg(model, tag)
    if not published:
        raise UnknownNameError(f"pretrained tag of {model}", tag, tags)
    repository, _, file = published["hf_hub"].rpartition("/")
    weights_name = Path(file).with_suffix(".safetensors").name if file else WEIGHTS_NAME
    folder = find_hub_folder(repository, [weights_name], LOCAL_FORM)
    keys = ("mean", "std", "interpolation", "resize_mode")
    return OpenClipSource(
        model,
        folder / weights_name,
        preprocess={key: published[key] for key in keys},
        quick_gelu=bool(published.get("quick_gelu")),
    )


def check_model_name(model: str) -> None:
    """Raise UnknownNameError unless open_clip has a model of that name."""
    known = open_clip.list_models()
    if model not in known:
        raise UnknownNameError("open_clip model or folder", model, known)


def check_weights_file(path: Path) -> None:
    """Raise WeightsNotFoundError unless ``path`` is an existing safetensors file."""
    if path.suffix.lower() != ".safetensors":
        raise WeightsNotFoundError(
            f"Weights must be a .safetensors file or a folder that holds one; got {path}. Pickled"
            " weights (.pt, .bin, .pkl) are not read, because loading them can run code: save them"
            " with safetensors first."
        )
    if not path.is_file():
        raise WeightsNotFoundError(
            f"The weights must be on this machine; there is no file {path}. Check the path, or"
            " name published weights: open_clip:MODEL/TAG."
        )

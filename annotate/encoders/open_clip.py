"""Images and texts in one space, by any model of open_clip."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch.nn.functional import normalize

from annotate.compute.device import autocast, choose_dtype
from annotate.encoders.identity import encoder_id, hash_files
from annotate.encoders.networks import ImageNetwork
from annotate.encoders.open_clip_source import OpenClipSource, find_source
from annotate.errors import WeightsNotFoundError
from annotate.schema import Modality

if TYPE_CHECKING:
    from PIL import Image

TEXTS_PER_BATCH = 256


class OpenClipEncoder:
    """An open_clip model as encoder of images, with its text tower for zero-shot.

    Features have length 1, so they keep their precision when they are stored as float16. Images
    run in bfloat16 on CUDA; texts always in float32, since there are few and every item is
    compared with them.

    Parameters
    ----------
    argument : str
        ``MODEL/TAG``, ``MODEL@FILE.safetensors``, ``hf-hub:ORG/NAME`` or ``FOLDER``. Weights of
        unknown origin do not say that they want QuickGELU: name ``MODEL-quickgelu@FILE`` then.

    References
    ----------
    Radford et al. 2021, Learning transferable visual models, arXiv:2103.00020; Ilharco et al.,
    OpenCLIP, doi:10.5281/zenodo.5143773.
    """

    modality: Modality = "image"

    def __init__(self, argument: str = "") -> None:
        source = find_source(argument)
        self._label = f"open-clip-{source.weights.parent.name if source.folder else argument}"
        self._model = build_model(source)
        self._tokenizer = open_clip.get_tokenizer(source.model_name)
        self._weights_sha256 = hash_files([source.weights])
        self._architecture = {
            **open_clip.get_model_config(source.model_name),
            "quick_gelu_forced": source.quick_gelu,
        }
        # Through a list, so that ids agree with what a JSON file gives back.
        self.preprocessing: Mapping[str, Any] = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in self._model.visual.preprocess_cfg.items()
        }
        self.preprocess = ImagePreprocess(self.preprocessing)
        with torch.inference_mode():
            self.dim = int(self.encode_texts(["a"]).shape[1])
        self.to("cpu")

    @property
    def id(self) -> str:
        """Cache key of the features."""
        return encoder_id(
            self._label,
            architecture=self._architecture,
            weights_sha256=self._weights_sha256,
            preprocessing=self.preprocessing,
            dtype=self._dtype,
        )

    @property
    def logit_scale(self) -> float:
        """The learnt scale; 100 for most published weights."""
        return float(self._model.logit_scale.detach().exp())

    def to(self, device: str) -> None:
        """Move the model; on CUDA images run in bfloat16 where it can."""
        self._model.to(device)
        self._device = device
        self._dtype = choose_dtype(device)
        statistics = (self.preprocessing["mean"], self.preprocessing["std"])
        self._mean, self._std = (
            torch.tensor(values, device=device).reshape(1, 3, 1, 1) for values in statistics
        )

    def forward(self, batch: Any) -> NDArray[np.float32]:
        """Return (n, dim) for uint8 (n, 3, height, width), as ``preprocess`` makes them."""
        with torch.inference_mode():
            pixels = torch.as_tensor(batch).to(self._device, non_blocking=True)
            pixels = pixels.float().div_(255).sub_(self._mean).div_(self._std)
            with autocast(self._device, self._dtype):
                features = self._model.encode_image(pixels)
            return normalize(features.float(), dim=-1).cpu().numpy()

    def encode(self, batch: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return (len(batch), dim) for PIL images."""
        return self.forward(np.stack([self.preprocess(image) for image in batch]))

    def trainable_network(self) -> ImageNetwork:
        """Return a copy of the image tower, to be trained further."""
        return ImageNetwork(
            copy.deepcopy(self._model.visual), self.preprocess, self.preprocessing
        ).to(self._device)

    def normalized_pixels(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return (len(images), 3, height, width) as the image tower takes them."""
        pixels = np.stack([self.preprocess(image) for image in images]).astype(np.float32) / 255
        normalized: NDArray[np.float32] = (pixels - self._mean.cpu().numpy()) / (
            self._std.cpu().numpy()
        )
        return normalized

    def promptable_model(self) -> tuple[Any, Any]:
        """Return a copy of the model and its tokenizer."""
        return copy.deepcopy(self._model), self._tokenizer

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(texts), dim), each row of length 1; a long text is cut at the context."""
        device = self._model.logit_scale.device
        blocks = []
        with torch.inference_mode():
            for start in range(0, len(texts), TEXTS_PER_BATCH):
                tokens = self._tokenizer(list(texts[start : start + TEXTS_PER_BATCH])).to(device)
                blocks.append(normalize(self._model.encode_text(tokens).float(), dim=-1).cpu())
        return torch.cat(blocks).numpy()


class ImagePreprocess:
    """Resizes and crops as the model's training did; picklable, and without the model.

    The result stays uint8: a quarter of the bytes between processes and to the GPU. ``forward``
    scales and normalises it there, to the same numbers as open_clip's own transform.
    """

    def __init__(self, preprocessing: Mapping[str, Any]) -> None:
        from open_clip.transform import PreprocessCfg, image_transform_v2
        from torchvision.transforms import Compose, Normalize

        config = PreprocessCfg(**preprocessing)
        steps = image_transform_v2(config, is_train=False).transforms
        if not isinstance(steps[-1], Normalize):
            raise TypeError(f"open_clip's transform must end with Normalize; got {steps[-1]}.")
        self._resize = Compose(steps[:-2])  # all but the two steps ToTensor and Normalize

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return uint8 (3, height, width)."""
        pixels = np.asarray(self._resize(image.convert("RGB")))
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def build_model(source: OpenClipSource) -> Any:
    """Return the model in float32 with its weights, ready to encode.

    Raises
    ------
    WeightsNotFoundError
        If the file is broken, or its weights are not those of the model.
    """
    try:
        model = open_clip.create_model(
            source.model_name,
            pretrained=None if source.folder else str(source.weights),
            force_quick_gelu=source.quick_gelu,
            force_preprocess_cfg=source.preprocess,
        )
    # open_clip finds misfits in several ways, asserts among them.
    except (RuntimeError, ValueError, KeyError, AssertionError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise WeightsNotFoundError(
            f"The weights must fit the model; {source.weights} does not fit {source.model_name}"
            f" ({reason}). Check which model they were saved from."
        ) from error
    return model.eval()

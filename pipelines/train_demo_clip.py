"""Train the demo's tiny CLIP on digits drawn from fonts; it never sees a handwritten digit.

Run ``python -m pipelines.train_demo_clip --out data/demo_clip``. The recipe is fixed in advance:
nothing is tuned, selected or stopped early on handwriting, which is first looked at by
``pipelines.evaluate_demo_clip``, after the weights are written.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from pipelines.demo_digits import DIGIT_WORDS, IMAGE_SIZE_PX, upscale_digit
from pipelines.font_digits import list_digit_fonts, render_digits

if TYPE_CHECKING:
    import torch

MODEL_CONFIG: dict[str, Any] = {
    "embed_dim": 64,
    "vision_cfg": {
        "image_size": IMAGE_SIZE_PX,
        "layers": 3,
        "width": 96,
        "head_width": 32,
        "patch_size": 4,
    },
    "text_cfg": {
        "context_length": 16,
        "vocab_size": 49408,
        "width": 64,
        "heads": 2,
        "layers": 2,
    },
}
PREPROCESS_CONFIG: dict[str, Any] = {
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "interpolation": "bilinear",
    "resize_mode": "shortest",
}
# {0} is the figure and {1} the word.
PROMPTS = (
    'a photo of the digit "{0}".',
    'a photo of the number: "{0}".',
    "a photo of the digit {1}.",
    "a photo of the number {1}.",
    "a picture of a {1}.",
    "a photo of a {0}.",
    "the digit {0}",
    "number {1}",
    "{0}",
    "{1}",
)
MAX_LOGIT_SCALE = 100.0  # the ceiling of the CLIP paper


@dataclass(frozen=True)
class Settings:
    """Train a CLIP of 3.6 million parameters to tell printed digits apart."""

    out: Path
    fonts: Path = Path("/usr/share/fonts")
    n_digits: int = 16_000
    steps: int = 2_400
    batch_size: int = 64
    learning_rate: float = 1e-3  # the peak; rises over the first 200 steps, then a cosine to 0
    weight_decay: float = 0.1
    seed: int = 0


def train_demo_clip(settings: Settings) -> Path:
    """Render, train and write the checkpoint; return its folder."""
    import torch

    fonts = list_digit_fonts(settings.fonts)
    ink, labels = render_digits(fonts, settings.n_digits, seeded_generator(settings.seed, "render"))
    images = to_pixels(ink)
    torch.manual_seed(settings.seed)
    model = train(images, labels, settings)
    write_checkpoint(model, settings.out)
    write_font_list(fonts, settings.fonts, settings.out / "fonts.csv")
    return settings.out


def to_pixels(ink: NDArray[np.uint8]) -> torch.Tensor:
    """Return (n, 3, 32, 32) normalised pixels, exactly as the encoder reads them from a PNG."""
    import torch

    grey = np.stack([np.asarray(upscale_digit(cells)) for cells in ink]).astype(np.float32) / 255
    normalised = (grey - PREPROCESS_CONFIG["mean"][0]) / PREPROCESS_CONFIG["std"][0]
    return torch.from_numpy(normalised).unsqueeze(1).expand(-1, 3, -1, -1)


def train(images: torch.Tensor, labels: NDArray[np.int64], settings: Settings) -> torch.nn.Module:
    """Return the model after ``settings.steps`` batches."""
    import open_clip
    import torch

    model = open_clip.CLIP(**MODEL_CONFIG)
    tokenizer = open_clip.SimpleTokenizer(context_length=MODEL_CONFIG["text_cfg"]["context_length"])
    rng = seeded_generator(settings.seed, "batches")
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=settings.learning_rate,
        total_steps=settings.steps,
        pct_start=min(0.3, 200 / settings.steps),
    )
    for step in range(settings.steps):
        rows = rng.choice(len(images), settings.batch_size, replace=False)
        texts = tokenizer([draw_prompt(label, rng) for label in labels[rows]])
        image_features, text_features, logit_scale = model(images[rows], texts)
        loss = same_class_loss(
            logit_scale * image_features @ text_features.T, torch.from_numpy(labels[rows])
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=np.log(MAX_LOGIT_SCALE))
        if step % 100 == 0 or step == settings.steps - 1:
            print(f"step {step} of {settings.steps}: loss {loss.item():.4f}", file=sys.stderr)
    return model.eval()


def draw_prompt(digit: int, rng: np.random.Generator) -> str:
    """Return one of the many ways to name a digit."""
    return PROMPTS[rng.integers(len(PROMPTS))].format(digit, DIGIT_WORDS[digit])


def same_class_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return CLIP's symmetric loss with every pair of one class as a match.

    Parameters
    ----------
    logits : tensor of shape (n, n)
        Scaled cosines, images by texts.
    labels : int tensor of shape (n,)

    References
    ----------
    Yang et al. 2022, Unified contrastive learning in image-text-label space, arXiv:2204.03610.
    """
    from torch.nn.functional import cross_entropy

    same = (labels[:, None] == labels[None, :]).to(logits.dtype)
    target = same / same.sum(dim=1, keepdim=True)
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2


def write_checkpoint(model: torch.nn.Module, folder: Path) -> None:
    """Write config and float16 weights where ``open_clip:FOLDER`` finds them."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": MODEL_CONFIG, "preprocess_cfg": PREPROCESS_CONFIG}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    weights = {k: v.to(torch.float16).contiguous() for k, v in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")


def write_font_list(fonts: list[Path], folder: Path, destination: Path) -> None:
    """Record which font files were drawn from, with their sha256."""
    rows = [
        (path.relative_to(folder).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in fonts
    ]
    with destination.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("font", "sha256"), *rows])


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, default=Settings.fonts)
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    print(train_demo_clip(Settings(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()

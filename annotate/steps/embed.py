"""Embed: one encoder's features of every item, into the cache."""

from __future__ import annotations

from dataclasses import dataclass

from annotate.encoders import ENCODERS
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import Encoder, Progress, TextTower, no_progress
from annotate.schema import Modality
from annotate.steps.encode_items import encode_items
from annotate.steps.given_features import GIVEN_ENCODER
from annotate.steps.workspace import Workspace
from annotate.store.arrays import create_array

DEFAULT_ENCODERS: dict[Modality, str] = {
    "image": "open_clip:ViT-B-32/laion2b_s34b_b79k",
    "text": "sentence:all-MiniLM-L6-v2",
}


@dataclass(frozen=True)
class EmbedReport:
    """What a run of embed did; ``failures`` says why a file that was added has no features now."""

    encoder: str
    encoder_id: str
    dim: int
    n_items: int
    n_embedded: int
    failures: dict[str, str]


def embed(
    workspace: Workspace, encoder_spec: str | None = None, *, progress: Progress = no_progress
) -> EmbedReport:
    """Encode every item that the cache lacks.

    The cache key covers encoder, weights, preprocessing and dtype, so two encoders never mix. A
    part that is complete and sound is kept: a killed run redoes at most one, and new items only
    make the parts that they are in.

    Raises
    ------
    NotReadyError
        If the project has no items.
    ConfigError
        If the encoder does not fit what the project holds.
    """
    spec = encoder_spec or default_encoder(workspace)
    with workspace.running("embed"):
        n_items = workspace.n_items()
        if n_items == 0:
            raise NotReadyError("Embedding needs items; the project has none. Run `annotate add`.")
        encoder = make_encoder(workspace, spec)
        array = create_array(
            workspace.store,
            "features",
            encoder.id,
            encoder.dim,
            settings={
                "encoder": spec,
                "preprocessing": dict(encoder.preprocessing),
                "reads_names": isinstance(encoder, TextTower),
            },
        )
        n_embedded, failures = encode_items(workspace, encoder, array, "embed", progress)
        return EmbedReport(spec, encoder.id, encoder.dim, n_items, n_embedded, failures)


def default_encoder(workspace: Workspace) -> str:
    """Return the encoder of ``annotate.toml``, else the usual one for what the project holds."""
    if workspace.config.defaults.encoder:
        return workspace.config.defaults.encoder
    if workspace.modality == "features":
        raise ConfigError(
            "A project of ready-made features needs no encoder; its features came with"
            " `annotate add --features F.npy`. Go on with `annotate predict`."
        )
    return DEFAULT_ENCODERS[workspace.modality]


def make_encoder(workspace: Workspace, spec: str) -> Encoder:
    """Return the encoder that ``spec`` names, checked against what the project holds."""
    if spec == GIVEN_ENCODER:
        raise ConfigError(
            "The encoder 'features' stands for given vectors; it cannot encode items."
        )
    encoder: Encoder = ENCODERS.make(spec)
    if encoder.modality != workspace.modality:
        raise ConfigError(
            f"The encoder must take {workspace.modality}s; {spec!r} takes {encoder.modality}s."
            f" The usual one here is {DEFAULT_ENCODERS.get(workspace.modality)!r}."
        )
    return encoder

"""Model folders from the Hugging Face hub: the local copy first, then the network.

Only safetensors, JSON and vocabulary files are ever fetched: pickled weights can run code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from annotate.errors import WeightsNotFoundError

CONFIG_PATTERNS = ("*.json", "*.txt", "*.model")


def find_hub_folder(repository: str, weights: Sequence[str], instead: str) -> Path:
    """Return the local folder of a hub repository, fetching it when it is not there yet.

    Parameters
    ----------
    repository : str
        ``organisation/name``.
    weights : sequence of str
        File patterns of the weights, e.g. ``open_clip_model.safetensors``. A folder without any
        of them counts as missing.
    instead : str
        How to name a local copy; ends the error message.

    Raises
    ------
    WeightsNotFoundError
        If neither the local cache nor the hub has the weights. With ``HF_HUB_OFFLINE=1`` the
        network is not tried.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    patterns = [*CONFIG_PATTERNS, *weights]
    reason = f"{repository!r} holds no file {' or '.join(weights)}"
    for local_only in (True, False):
        try:
            folder = snapshot_download(
                repository, allow_patterns=patterns, local_files_only=local_only
            )
        except (OSError, HFValidationError) as error:  # all of the hub's other errors are OSErrors
            reason = str(error).splitlines()[0]
            continue
        if any(next(Path(folder).glob(pattern), None) for pattern in weights):
            return Path(folder)
    raise WeightsNotFoundError(
        f"The weights of {repository!r} must be on this machine or within reach; they are neither"
        f" ({reason}). Connect to the Hugging Face hub once, or use {instead}."
    )

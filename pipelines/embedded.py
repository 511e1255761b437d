"""Where the files that come with the package lie."""

from __future__ import annotations

from pathlib import Path


def data_folder() -> Path:
    """Return the folder of the demo's model and settings.

    The wheel carries it inside this package; a checkout keeps it beside the package.
    """
    here = Path(__file__).resolve().parent
    packaged = here / "data"
    return packaged if packaged.is_dir() else here.parent / "data"

"""The picture of one item, for a screen."""

from __future__ import annotations

import hashlib
from pathlib import Path

from annotate.corpus.regular_file import RejectedInputError, read_regular
from annotate.errors import SourceError
from annotate.review.pictures import MAX_SIDE_PX, Picture, make_picture
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items_at


def read_picture(workspace: Workspace, item_no: int, max_side_px: int = MAX_SIDE_PX) -> Picture:
    """Return the picture of an item; which file that is, only the store says.

    Parameters
    ----------
    max_side_px : int
        Larger pictures are made smaller.

    Raises
    ------
    KeyError
        If there is no such item.
    SourceError
        If its file is gone, does not decode, or is no longer what was added: an answer to another
        picture would be stored under this one's hash.
    """
    with workspace.store.read() as connection:
        item = read_items_at(connection, ("item_id", "path", "sha256"), [item_no]).iloc[0]
    path = workspace.paths.media(item.sha256) if item.path is None else Path(item.path)
    try:
        data = read_regular(path)
        if hashlib.sha256(data).hexdigest() != item.sha256:
            raise SourceError(
                f"The file of item {item.item_id!r} must be as it was when it was added;"
                " it has changed since. Put the old file back, or add the new one."
            )
        return make_picture(data, item.sha256, max_side_px)
    except (OSError, RejectedInputError) as error:
        raise SourceError(
            f"The picture of item {item.item_id!r} cannot be shown: {error}."
            " Put its file back, or drop the item with `annotate items drop`."
        ) from error

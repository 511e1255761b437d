"""What language models replied, kept in the project: a file a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from annotate.store.files import write_bytes
from annotate.store.paths import ProjectPaths


class RecordedReplies:
    """Replies by the hash of their request; meets ``bridges.chat.client.Recording``.

    A file that is damaged counts as missing, so its request is sent again.
    """

    def __init__(self, paths: ProjectPaths) -> None:
        self._paths = paths

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the request and the reply to it, None if it is not on record."""
        try:
            entry = json.loads(self._paths.reply(key).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return entry if isinstance(entry, dict) and "reply" in entry else None

    def put(self, key: str, entry: Mapping[str, Any]) -> None:
        """Keep a reply; it is on disk when this returns."""
        path = self._paths.reply(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_bytes(path, json.dumps(dict(entry), ensure_ascii=True, sort_keys=True).encode())

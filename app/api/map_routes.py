"""What the map's element fetches: places and groups of all points, as bytes.

Every address holds the map's token, which only pages of this server know.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from annotate.errors import AnnotateError
from app.api.open_maps import OpenMap, find_map

MAP_PREFIX = "/map-api"

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
    # What a token and a number stand for never changes.
    "Cache-Control": "private, max-age=3600",
}


def _send_points(request: Request) -> Response:
    found = _map_of(request)
    return _missing() if found is None else _send(found.item_map.points.as_bytes())


def _send_groups(request: Request) -> Response:
    found = _map_of(request)
    number = request.path_params["number"]
    if found is None or not number < len(found.item_map.colourings):
        return _missing()
    try:
        return _send(found.colouring(found.item_map.colourings[number]).as_bytes())
    except AnnotateError as error:
        return Response(str(error), 409, _HEADERS | {"Cache-Control": "no-store"}, "text/plain")


def _map_of(request: Request) -> OpenMap | None:
    return find_map(request.path_params["token"])


def _send(content: bytes) -> Response:
    return Response(content, 200, _HEADERS, "application/octet-stream")


def _missing() -> Response:
    headers = _HEADERS | {"Cache-Control": "no-store"}
    return Response("this map is not open any more", 404, headers, "text/plain")


MAP_ROUTES = [
    Route(f"{MAP_PREFIX}/{{token}}/points", _send_points),
    Route(f"{MAP_PREFIX}/{{token}}/groups/{{number:int}}", _send_groups),
]

"""Let nobody in but the proxy: its header says who is there, and anybody could write one."""

from __future__ import annotations

import ipaddress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class OnlyFromProxy:
    """ASGI middleware that answers 403 to every connection from another address than the proxy's.

    The address is the one the connection comes from; headers that claim another are not believed,
    because `annotate review` tells the server below to trust none.
    """

    def __init__(self, app: ASGIApp, proxy: str) -> None:
        self._app = app
        self._proxy = ipaddress.ip_address(proxy)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from the proxy, and what comes from no connection at all."""
        if scope["type"] == "lifespan" or self._is_proxy(scope.get("client")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("only through the proxy", 403)(scope, receive, send)

    def _is_proxy(self, client: tuple[str, int] | None) -> bool:
        try:
            address = ipaddress.ip_address(client[0]) if client else None
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped  # a server that listens on both kinds of address
        return address == self._proxy

"""A real HTTP server on this machine that speaks chat completions and fails on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], str]


class ChatServer:
    """Answers each request with ``answer(body)``; ``faults`` are used up first.

    A fault is a status, a status with headers, "hang up" or "garbled". ``takes_schemas`` False
    refuses ``response_format`` with status 400.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.faults: list[Any] = []
        self.takes_schemas = True
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer._lock:
                    fault = outer.faults.pop(0) if outer.faults else None
                    outer.requests.append(body)
                    outer.keys.append(self.headers["authorization"])
                if fault == "hang up":
                    self.close_connection = True
                elif fault == "garbled":
                    self._send(200, b"<html>")
                elif fault is not None:
                    status, headers = fault if isinstance(fault, tuple) else (fault, {})
                    self._send(status, b'{"error": {"message": "on demand"}}', headers)
                elif "response_format" in body and not outer.takes_schemas:
                    self._send(400, b'{"error": {"message": "no response_format here"}}')
                else:
                    reply = {
                        "choices": [{"message": {"content": outer.answer(body)}}],
                        "usage": {"prompt_tokens": 10, "completion_tokens": 2},
                    }
                    self._send(200, json.dumps(reply).encode())

            def _send(self, status: int, data: bytes, headers: Any = ()) -> None:
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                """Say nothing: the test shows what matters."""

        return Handler

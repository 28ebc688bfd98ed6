"""A web server for one folder on this machine: it gives out files and does nothing else."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

TYPES = {
    ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".txt": "text/plain",
    "": "text/plain", ".json": "application/json", ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml", ".png": "image/png", ".wasm": "application/wasm",
}  # fmt: skip
# What the page itself asks for, too: other hosts send no headers of ours.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self'; "
    "style-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    # Isolated from other pages: only then does a browser lend WebAssembly more than one thread.
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache",
}  # fmt: skip


def make_server(folder: Path, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """A server of the files in `folder`, ready for `serve_forever`; port 0 takes a free one. Raises OSError."""
    return Server((host, port), partial(Handler, folder.resolve()))


class Server(ThreadingHTTPServer):
    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with a file; a folder has no listing, and nothing outside the root is found."""

    protocol_version, server_version, sys_version, timeout = "HTTP/1.1", "minicyclegan", "", 30

    def __init__(self, root: Path, *args):
        self.root = root
        super().__init__(*args)

    def handle(self) -> None:
        with suppress(ConnectionError):  # a browser that hangs up before it has everything
            super().handle()

    def do_GET(self) -> None:
        try:
            name = unquote(self.path.partition("?")[0]).lstrip("/") or "index.html"
            path = (self.root / name).resolve()  # links and .. are followed before the question is where it leads
            content = path.read_bytes() if path.is_relative_to(self.root) else None
        except (OSError, ValueError):  # a folder, or a name that no file has
            content = None
        if content is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        kind = TYPES.get(path.suffix.lower(), "application/octet-stream")
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind + "; charset=utf-8" * kind.startswith("text/"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET

    def refuse(self) -> None:
        self.close_connection = True  # what the request brought along is not read
        self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = refuse

    def end_headers(self) -> None:
        for header in HEADERS.items():
            self.send_header(*header)
        super().end_headers()

    def log_message(self, *args) -> None:
        """Says nothing: what is asked for is nobody's business."""

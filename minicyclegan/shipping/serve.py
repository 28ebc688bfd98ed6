"""A web server for one folder on this machine: it gives out files and does nothing else."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

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
    return Server((host, port), partial(Handler, directory=str(folder.resolve())))


class Server(ThreadingHTTPServer):
    allow_reuse_address = os.name != "nt"  # there it would let two servers share a port


class Handler(SimpleHTTPRequestHandler):
    """Answers GET and HEAD with a file; a folder has no listing, and nothing outside the root is found."""

    protocol_version, server_version, sys_version, timeout = "HTTP/1.1", "minicyclegan", "", 30

    def handle(self) -> None:
        with suppress(ConnectionError):  # a browser that hangs up before it has everything
            super().handle()

    def send_head(self) -> BinaryIO | None:
        root = Path(self.directory)
        with suppress(OSError, ValueError):  # a name that no file has
            path = Path(self.translate_path(self.path)).resolve()  # links are followed before it is asked where it is
            if path == root or (path.is_relative_to(root) and path.is_file()):
                return super().send_head()
        return self.send_error(HTTPStatus.NOT_FOUND)

    def guess_type(self, path: str) -> str:
        kind = TYPES.get(Path(path).suffix.lower(), "application/octet-stream")
        return kind + "; charset=utf-8" * kind.startswith("text/")

    def end_headers(self) -> None:
        for header in HEADERS.items():
            self.send_header(*header)
        super().end_headers()

    def log_message(self, *args) -> None:
        """Says nothing: what is asked for is nobody's business."""

"""python -m minicyclegan.demo: a web page to try trained models on, on this machine."""

from __future__ import annotations

import errno
import tempfile
from argparse import Namespace
from http.server import ThreadingHTTPServer
from pathlib import Path

from minicyclegan.cli import Parser, run
from minicyclegan.interrupts import exit_on_signals
from minicyclegan.shipping.bundled import BUNDLED
from minicyclegan.shipping.onnx import ExportError
from minicyclegan.shipping.serve import make_server
from minicyclegan.shipping.site import model_name, write_site
from minicyclegan.shipping.translator import load
from minicyclegan.training.checkpoint import CheckpointError

PORT = 8420


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.port is not None and not 0 <= given.port < 2**16:
        parser.error(f"--port must be from 0 to 65535, not {given.port}")
    exit_on_signals()
    with tempfile.TemporaryDirectory(prefix="minicyclegan-") as folder, _listen(given, Path(folder)) as server:
        names = {model_name(given.run): given.run} if given.run else BUNDLED
        write_site({name: load(model) for name, model in names.items()}, Path(folder), given.ort)
        host, port = server.server_address[:2]
        host = "127.0.0.1" if host == "0.0.0.0" else host  # which is every address, and so none to open
        print(f"open http://{host}:{port}/ in a browser; Ctrl-C ends this", flush=True)
        server.serve_forever()
    return 0


def _listen(given: Namespace, folder: Path) -> ThreadingHTTPServer:
    """A server on the port that was asked for; on the usual one, or any free one, where none was."""
    port = PORT if given.port is None else given.port
    try:
        return make_server(folder, port, given.host)
    except OSError as error:
        if given.port is None and error.errno == errno.EADDRINUSE:
            return make_server(folder, 0, given.host)
        where = f"--host {given.host} --port {port}"
        raise OSError(f"{where}: can't be listened on ({error.strerror}); give another") from None


def _parser() -> Parser:
    parser = Parser(prog="python -m minicyclegan.demo", description=__doc__.split(": ", 1)[1])
    text = "a run's folder, a checkpoint, the original's weights (default: the models that come with the package)"
    parser.add_argument("run", metavar="RUN", nargs="?", help=text)
    parser.add_argument("--port", type=int, metavar="N", help=f"(default: {PORT}, or a free one where that is taken)")
    text = "the address to listen on (default: %(default)s, which other machines can't reach)"
    parser.add_argument("--host", default="127.0.0.1", help=text)
    text = "the dist folder of npm's onnxruntime-web: the page then computes on the graphics card, where there is one"
    parser.add_argument("--ort", type=Path, metavar="FOLDER", help=text)
    return parser


if __name__ == "__main__":
    run(main, (CheckpointError, ExportError, OSError))

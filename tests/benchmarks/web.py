"""python -m tests.benchmarks.web RUN: milliseconds a picture on the web page, in Chromium, by WebAssembly."""

from __future__ import annotations

import io
import platform
import statistics
import tempfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from minicyclegan.cli import Parser, run
from minicyclegan.shipping.onnx import ExportError
from minicyclegan.shipping.serve import make_server
from minicyclegan.shipping.site import write_site
from minicyclegan.shipping.translator import load
from minicyclegan.training.checkpoint import CheckpointError
from tests.browser import browser

SIZES, THREADS = (64, 128, 256), (1, 2)


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m tests.benchmarks.web", description=__doc__.split(": ", 1)[1])
    parser.add_argument("run", metavar="RUN", help="a run's folder, a checkpoint, or a model of the package")
    parser.add_argument("--count", type=int, default=30, metavar="N", help="pictures of each kind (default: 30)")
    given = parser.parse_args(arguments)
    translator = load(given.run)
    with tempfile.TemporaryDirectory() as name, browser() as chromium:
        folder = Path(name)
        write_site({"model": translator}, folder)
        server = make_server(folder, 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"Chromium {chromium.version}, {platform.machine()}; medians of {given.count} (the fastest)")
        print("| side, px | " + " | ".join(f"{count} thread{'s' * (count > 1)}, ms" for count in THREADS) + " |")
        rows = {side: [_measure(chromium, server, side, count, given.count) for count in THREADS] for side in SIZES}
        print("| --- " * (1 + len(THREADS)) + "|")
        for side, times in rows.items():
            print(f"| {side} | " + " | ".join(f"{statistics.median(one):.0f} ({min(one):.0f})" for one in times) + " |")
        server.shutdown()
    return 0


def _measure(chromium: Any, server: ThreadingHTTPServer, side: int, threads: int, count: int) -> list[float]:
    """The milliseconds of each of `count` pictures, after three to warm up."""
    page = chromium.new_page()
    page.goto(f"http://127.0.0.1:{server.server_address[1]}/?engine=wasm&threads={threads}")
    figures, result, times = page.locator("#figures"), page.locator("#result[aria-busy=false]"), []
    stream = io.BytesIO()
    Image.effect_noise((side, side), 60).convert("RGB").save(stream, "PNG")
    file = {"name": "a.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    page.locator("body.painted").wait_for(timeout=60_000)
    page.select_option("#detail", str(side))
    result.wait_for()
    for _ in range(3 + count):
        number = int(figures.get_attribute("data-count"))
        page.set_input_files("#file", file)
        while int(figures.get_attribute("data-count")) == number:
            page.wait_for_timeout(5)
        result.wait_for()
        times.append(float(figures.get_attribute("data-milliseconds")))
    page.close()
    return times[3:]


if __name__ == "__main__":
    run(main, (CheckpointError, ExportError, OSError))

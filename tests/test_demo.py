"""python -m minicyclegan.demo, as a user runs it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from argparse import Namespace
from urllib.request import urlopen

import numpy as np
import pytest
import torch
from PIL import Image

from minicyclegan import demo
from minicyclegan.networks import UnetGenerator
from minicyclegan.shipping.serve import make_server
from minicyclegan.shipping.site import describe, model_name, write_page
from minicyclegan.shipping.translator import Translator, load
from tests.browser import browser, needs_browser

COMMAND = [sys.executable, "-m", "minicyclegan.demo"]


@pytest.fixture
def running(request, tiny_run, tmp_path):
    """The command on a tiny CycleGAN, once it says where, and the address; its temporary files are in tmp_path.

    As a parameter, what to put before the command.
    """
    pytest.importorskip("onnx", reason="onnx is not installed: pip install -e .[export]")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e .[export]")
    environment = os.environ | {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    command = [*getattr(request, "param", []), *COMMAND, str(tiny_run), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            line = process.stdout.readline()
            yield process, re.search(r"http://127\.0\.0\.1:\d+/", line).group()
        finally:
            process.kill()


@needs_browser
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_a_run_is_served_painted_and_ended_by_ctrl_c(running, tiny_run, tmp_path):
    process, address = running
    entries = json.load(urlopen(f"{address}models.json"))
    assert [(entry["name"], entry["direction"]) for entry in entries] == [("run", "AtoB"), ("run", "BtoA")]
    assert entries[0]["from"] == "plain brown horses" and entries[0]["size"] == 32
    assert urlopen(address + entries[0]["card"]).read().startswith(b"# Model card")
    with browser() as chromium:
        page = chromium.new_page()
        page.goto(address)
        page.locator("#figures[data-count='1']").wait_for()
        before, after = (
            np.array(page.evaluate(
                """id => { const c = document.getElementById(id);
                return Array.from(c.getContext("2d").getImageData(0, 0, c.width, c.height).data)}""", name
            ), dtype=np.uint8).reshape(64, 64, 4)[..., :3]
            for name in ("before", "after")
        )  # fmt: skip
    right = np.array(load(tiny_run).translate(Image.fromarray(before)))
    assert np.abs(right.astype(int) - after).mean() < 2, "weights in half precision"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.endswith("stopped\n") and "Traceback" not in said
    assert list(tmp_path.glob("minicyclegan-*")) == [], "nothing is left behind"


HANGUP = getattr(signal, "SIGHUP", None)  # the end of a terminal, which Windows has not
ignored = pytest.mark.skipif(
    HANGUP is not None and signal.getsignal(HANGUP) is signal.SIG_IGN,
    reason="these tests run under nohup or the like, and so would the command: it ignores the end of a terminal",
)


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither of these signals for one process")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(HANGUP, marks=ignored)])
def test_nothing_is_left_behind_by_a_signal_to_end_nor_by_a_second_one(running, tmp_path, number):
    process, _ = running
    assert len(list(tmp_path.glob("minicyclegan-*"))) == 1
    for _ in range(2 if number == HANGUP else 1):  # the system sends it, and the shell once more
        process.send_signal(number)
    assert process.wait(timeout=20) == 128 + number
    assert list(tmp_path.glob("minicyclegan-*")) == []


def test_nothing_is_left_behind_where_the_terminal_is_closed(tiny_run, tmp_path):
    pty = pytest.importorskip("pty", reason="Windows has no such terminals")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e .[export]")
    process, terminal = pty.fork()
    if not process:
        os.environ["TMPDIR"] = str(tmp_path)
        signal.signal(HANGUP, signal.SIG_DFL)  # whatever these tests run under
        os.execv(sys.executable, [*COMMAND, str(tiny_run), "--port", "0"])
    said = b""
    while b"http://" not in said:
        said += os.read(terminal, 1000)
    assert len(list(tmp_path.glob("minicyclegan-*"))) == 1
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 128 + HANGUP
    assert list(tmp_path.glob("minicyclegan-*")) == []


@pytest.mark.skipif(shutil.which("nohup") is None, reason="there is no nohup on this system")
@pytest.mark.parametrize("running", [["nohup"]], indirect=True)
def test_what_nohup_ignores_ends_nothing(running):
    process, address = running
    process.send_signal(HANGUP)
    assert json.load(urlopen(f"{address}models.json"))


def test_a_label_map_model_comes_with_a_palette_dials_and_an_example(tiny_bicyclegan_run, tmp_path):
    entry, example = describe("a/b ü", load(tiny_bicyclegan_run), "AtoB")
    assert (entry["latent"], entry["from"], entry["channels_out"]) == (8, "label map", 3)
    assert entry["file"] == "models/a-b-ü-AtoB.onnx", "no signs that mean something in an address"
    colours = {tuple(bytes.fromhex(one["colour"][1:])) for one in entry["palette"]}
    assert len(colours) == 9
    assert set(map(tuple, np.array(example).reshape(-1, 3))) <= colours
    assert example.size == (entry["size"], entry["size"])
    dials = np.array(entry["dials"])
    assert np.allclose(dials @ dials.T, np.eye(2), atol=1e-5)
    write_page([entry], tmp_path, {"index.html": b""})
    assert json.loads((tmp_path / "models.json").read_text(encoding="utf-8")) == [entry]


def test_a_code_of_one_number_has_a_second_dial_that_turns_nothing():
    G = UnetGenerator(3, 3, width=2, depth=2, latent=1)
    model = Translator({"AtoB": (G.eval(), 3)}, torch.device("cpu"), {"size": 64})
    dials = describe("one", model, "AtoB")[0]["dials"]
    assert [abs(number) for way in dials for number in way] == [1.0, 0.0]


def test_a_pix2pix_has_no_dials(tiny_pix2pix_run):
    entry, _ = describe("front", load(tiny_pix2pix_run), "AtoB")
    assert (entry["latent"], entry["dials"], len(entry["palette"])) == (0, None, 9)


def said(*arguments):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_mistakes_are_one_line(tiny_run, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = said(tiny_run, "--port", port)
        assert (result.returncode, result.stderr.count("\n")) == (1, 1)
        assert f"--port {port}" in result.stderr
    for arguments, status, words in [
        ((tmp_path / "none",), 1, "no such run"),
        ((tiny_run, "--ort", tmp_path, "--port", 0), 1, "no ort.webgpu.min.mjs in it"),
        ((tiny_run, "--port", 70000), 2, "--port must be from 0 to 65535"),
    ]:
        result = said(*arguments)
        assert result.returncode == status
        assert words in result.stderr and "Traceback" not in result.stderr


def test_where_the_usual_port_is_taken_a_free_one_will_do(monkeypatch, tmp_path):
    with make_server(tmp_path, 0) as first:
        monkeypatch.setattr(demo, "PORT", first.server_address[1])
        with demo._listen(Namespace(port=None, host="127.0.0.1"), tmp_path) as second:
            assert second.server_address[1] not in (0, first.server_address[1])


@pytest.mark.parametrize(
    ("path", "name"),
    [("runs/zebra", "zebra"), ("runs/zebra/checkpoint.pt", "zebra"), ("old/horse_G.pth", "horse_G"), ("v1.2", "v1.2")],
)
def test_a_model_is_called_as_its_run(path, name):
    assert model_name(path) == name

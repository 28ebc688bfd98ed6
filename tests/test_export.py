"""python -m minicyclegan.export, run as a user runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from minicyclegan import export
from minicyclegan.cli import run
from minicyclegan.shipping import onnx as shipping_onnx
from minicyclegan.training.checkpoint import CheckpointError

onnx = pytest.importorskip("onnx", reason="the extra that exports is not installed")
pytest.importorskip("onnxruntime", reason="the extra that exports is not installed")


def command(*arguments: object) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "minicyclegan.export", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, encoding="utf-8", timeout=300)


def failing(capsys, *arguments: object) -> tuple[int, list[str]]:
    """The command's exit status and what it says, in this process."""
    with pytest.raises(SystemExit) as stopped:
        run(lambda: export.main(list(map(str, arguments))), (CheckpointError, shipping_onnx.ExportError, OSError))
    said = capsys.readouterr()
    assert said.out == ""
    return stopped.value.code, said.err.splitlines()


def test_both_directions_of_a_run(tiny_run, tmp_path):
    out = tmp_path / "new" / "zebra.onnx"
    result = command(tiny_run, "--out", out, "--direction", "both", "--precision", "int8", "--pixels", "float")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    files = [out.with_name(f"zebra_{direction}.onnx") for direction in ("AtoB", "BtoA")]
    card = out.with_suffix(".card.md")
    assert lines.pop() == f"{card}: the model's card" and card.read_text(encoding="utf-8").startswith("# Model card")
    assert len(lines) == 4 and sorted(out.parent.iterdir()) == [card, *files]
    for file, line, tried in zip(files, lines[::2], lines[1::2], strict=True):
        assert line.startswith(f"{file}: {file.stat().st_size:,} bytes, {file.stem[-4:]} (") and line.endswith(", int8")
        assert re.fullmatch(r"  ONNX Runtime .* ten sizes: \S+ of 255 apart at most, \S+ on average", tried)
        assert onnx.load(file).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "say what to write: --out FILE.onnx or --web FOLDER"),
        (["--out", "zebra.pt"], "--out zebra.pt: give a file whose name ends in .onnx"),
        (["--out", "here.onnx"], "--out here.onnx: give a file whose name ends in .onnx"),
        (["--web", "file"], "--web file is a file; give a folder"),
        (["--out", "zebra.onnx", "--ort", "dist"], "--ort goes with --web FOLDER"),
        (["--out", "zebra.onnx", "--precision", "int4"], "argument --precision: invalid choice: 'int4'"),
        (["--out", "zebra.onnx", "--pixels", "int8"], "argument --pixels: invalid choice: 'int8'"),
    ],
)
def test_options_that_make_no_sense(tmp_path, monkeypatch, capsys, options, said):
    monkeypatch.chdir(tmp_path)
    Path("here.onnx").mkdir()
    Path("file").touch()
    status, lines = failing(capsys, "run", *options)
    assert status == 2 and said in lines[0] and len(lines) == 2
    assert sorted(map(str, Path().iterdir())) == ["file", "here.onnx"]


def test_a_direction_that_the_model_does_not_know(tiny_pix2pix_run, tmp_path, capsys):
    for direction in ("BtoA", "both"):
        status, lines = failing(capsys, tiny_pix2pix_run, "--out", tmp_path / "a.onnx", "--direction", direction)
        assert status == 2 and f"--direction {direction}: this model translates AtoB only" in lines[0]


def test_what_is_no_model(tmp_path, capsys):
    (tmp_path / "text.pt").write_text("no checkpoint", encoding="utf-8")
    for model, said in (("gone", "no such run or checkpoint"), ("text.pt", "not a readable checkpoint")):
        status, lines = failing(capsys, tmp_path / model, "--out", tmp_path / "a.onnx")
        assert status == 1 and len(lines) == 1 and lines[0].startswith("error: ") and said in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["text.pt"]


def test_where_nothing_can_be_written(tiny_run, tmp_path, capsys):
    (tmp_path / "file").touch()
    status, lines = failing(capsys, tiny_run, "--out", tmp_path / "file" / "a.onnx")
    assert status == 1 and len(lines) == 1 and "can't be written" in lines[0] and "a.onnx" in lines[0]


@pytest.mark.parametrize("before", [False, True])
def test_a_model_that_fails_its_trial_leaves_no_file(tiny_run, tmp_path, monkeypatch, capsys, before):
    out = tmp_path / "zebra.onnx"
    if before:
        out.write_bytes(b"of before")
    monkeypatch.setattr(shipping_onnx, "_graph", lambda *_: onnx.parser.parse_model(UNCHANGED))
    status, lines = failing(capsys, tiny_run, "--out", out)
    assert status == 1 and len(lines) == 1
    assert lines[0].startswith(f"error: {out}: not written: in ONNX Runtime, pictures would not be PyTorch's, but ")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([b"of before"] if before else [])


UNCHANGED = """<ir_version: 8, opset_import: ["": 18]>
graph (uint8[batch, 3, height, width] picture) => (uint8[batch, 3, height, width] translation)
{ translation = Identity(picture) }"""


@pytest.mark.parametrize("node", ['MaxPool <kernel_shape = [1, 1], auto_pad = "SAME_UPPER">', "other.Strange"])
def test_operators_that_not_every_runtime_computes_are_refused(tiny_run, tmp_path, monkeypatch, capsys, node):
    model = onnx.parser.parse_model(UNCHANGED.replace("Identity", node))
    monkeypatch.setattr(shipping_onnx, "_graph", lambda *_: model)
    status, lines = failing(capsys, tiny_run, "--out", tmp_path / "zebra.onnx")
    assert status == 1 and len(lines) == 1 and "that some runtimes lack, or compute wrongly" in lines[0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_without_the_extra_one_line_says_what_to_install(tiny_run, tmp_path, monkeypatch, capsys, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    status, lines = failing(capsys, tiny_run, "--out", tmp_path / "zebra.onnx")
    assert status == 1 and len(lines) == 1
    assert "125 MB: pip install onnx onnxscript onnxruntime" in lines[0] and missing in lines[0]


def test_training_needs_none_of_it():
    code = "import sys, minicyclegan.train; print(*(name for name in sys.modules if name.startswith('onnx')))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert result.stdout.strip() == ""

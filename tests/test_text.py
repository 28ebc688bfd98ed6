"""Text on any machine: files are UTF-8 wherever they are written and read, and printing never ends a command."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for room in ("minicyclegan", "reference_numpy", "lessons") for path in (ROOT / room).rglob("*.py")
)
TEXT = {"open": 1, "fdopen": 1, "read_text": 0, "write_text": 1, "NamedTemporaryFile": 0, "TextIOWrapper": 1}


def without_encoding(source: str) -> list[str]:
    """The calls that read or write text in whatever encoding the machine has."""
    found = []
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        words = {word.arg: ast.unparse(word.value) for word in call.keywords}
        owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if name in ("run", "Popen", "check_output") and ("text" in words or "universal_newlines" in words):
            found += [] if "encoding" in words else [ast.unparse(call)]
        if name not in TEXT or owner in ("Image", "os", "np") or "encoding" in words:
            continue
        if name in ("read_text", "write_text"):
            found += [] if len(call.args) > TEXT[name] else [ast.unparse(call)]
            continue
        modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)] + [
            words.get("mode", "")
        ]
        binary = any(isinstance(mode, str) and "b" in mode and len(mode) <= 5 for mode in modes)
        found += [] if binary or (name == "NamedTemporaryFile" and "mode" not in words) else [ast.unparse(call)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_file_names_its_encoding(path):
    assert without_encoding(path.read_text(encoding="utf-8")) == []


def test_the_search_finds_what_it_is_to_find():
    assert without_encoding(
        "open(p)\nopen(p, 'w')\np.open()\np.open('a')\np.read_text()\np.write_text(x)\nsubprocess.run(c, text=True)\n"
        "open(p, 'rb')\np.open('wb')\nImage.open(p)\nos.open(p, 1)\np.read_text('utf-8')\np.write_text(x, 'utf-8')\n"
        "open(p, encoding='utf-8')\np.open('w', encoding='ascii')\nsubprocess.run(c)\ntempfile.NamedTemporaryFile()\n"
    ) == [
        "open(p)", "open(p, 'w')", "p.open()", "p.open('a')", "p.read_text()", "p.write_text(x)",
        "subprocess.run(c, text=True)",
    ]  # fmt: skip


PRINTS = "print('✓ ✗ × ± σ ř \\udcff'); print('Müller')"


@pytest.mark.parametrize(("encoding", "first"), [("cp1252", "\\N{CHECK MARK} \\N{BALLOT X} × ±"), ("utf-8", "✓ ✗ × ±")])
def test_a_command_prints_what_the_console_can_show_and_the_rest_by_name(encoding, first):
    """All commands of the package make a Parser first."""
    code = f"from minicyclegan.cli import Parser; Parser(prog='a command'); {PRINTS}"
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    lines = result.stdout.decode(encoding).splitlines()
    assert lines[0].startswith(first)
    assert lines[0].endswith("\\udcff")
    assert lines[1] == "Müller"


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "minicyclegan"],
        ["-m", "minicyclegan.worlds", "--help"],
        ["-m", "minicyclegan.train", "--help"],
        ["-m", "reference_numpy.gradcheck"],
        ["lessons/mark.py"],
        ["lessons/student.py"],
        ["lessons/execute.py"],
    ],
    ids=" ".join,
)
def test_commands_print_on_a_console_that_knows_ascii_alone(command):
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, timeout=120)
    assert result.returncode in (0, 2)
    assert result.stderr == b""
    assert len(result.stdout.decode("ascii")) > 100

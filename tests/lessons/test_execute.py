"""Running a lesson in place."""

import subprocess
import sys
from pathlib import Path

import nbformat

EXECUTE = Path(__file__).parents[2] / "lessons" / "execute.py"


def execute(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, EXECUTE, *arguments], capture_output=True, text=True, timeout=120)


def notebook(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=f"9-{k:02}") for k, source in enumerate(sources, start=1)]
    cells[0].metadata |= {"tags": ["setup"], "scrolled": True}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {}}), path)
    return path


def test_outputs_are_kept_and_noise_is_not(tmp_path):
    path = notebook(
        tmp_path / "lesson.ipynb",
        "import os, pathlib\nfrom tqdm.auto import tqdm",
        "print(pathlib.Path.cwd().name, os.environ['OMP_NUM_THREADS'])\nfor _ in tqdm(range(3)):\n    pass",
    )
    result = execute(path)
    assert result.returncode == 0, result.stderr
    assert "2 cells" in result.stdout
    done = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in done.cells] == [1, 2]
    assert done.cells[1].outputs[0].text == "lessons 1\n"
    assert done.cells[0].metadata == {"tags": ["setup"]}
    assert set(done.metadata) == {"kernelspec", "language_info"}
    text = path.read_text(encoding="utf-8")
    for noise in ("widget", "iopub", "scrolled", "codemirror", '"version"'):
        assert noise not in text, noise
    assert [p.name for p in tmp_path.iterdir()] == ["lesson.ipynb"]


def test_a_cell_that_fails_is_named_and_the_file_stays(tmp_path):
    path = notebook(tmp_path / "lesson.ipynb", "x = 0", "1 / x")
    before = path.read_bytes()
    result = execute(path, tmp_path / "none.ipynb")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"{path}: cell 2 (9-02) stopped with ZeroDivisionError: division by zero; the notebook stays as it was",
        f"{tmp_path / 'none.ipynb'}: there is no such notebook",
    ]
    assert path.read_bytes() == before


def test_usage_is_shown():
    result = execute()
    assert result.returncode == 2
    assert "execute.py lessons/1_autograd.ipynb" in result.stdout

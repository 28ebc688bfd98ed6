"""python -m minicyclegan.bench: a row for everything that it measures, in a real process, and its mistakes."""

import pytest

from minicyclegan import bench


@pytest.mark.parametrize("arguments", [["--seconds", "0"], ["--seconds", "nan"]])
def test_mistakes_are_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        bench.main(arguments)
    assert stopped.value.code == 2 and "--seconds must be above 0" in capsys.readouterr().err.splitlines()[0]

"""cli.py: one option a field, errors as one line, exit statuses."""

from dataclasses import dataclass
from typing import Literal

import pytest

from minicyclegan.cli import Parser, add_options, run
from minicyclegan.config import option


@dataclass(frozen=True)
class Settings:
    width: int = option(4, "channels")
    learning_rate: float = option(0.5, "Adam's")
    norm: Literal["instance", "none"] = option("instance", "after a convolution")
    layers: Literal[1, 2] = option(1, "how many")
    data: tuple[str, ...] = option(("a", "b"), "folders")
    steps: int | None = option(None, "length")
    cache: bool = option(False, "keep")


def parse(*arguments: str) -> dict:
    parser = Parser(prog="python -m command")
    add_options(parser, Settings, {"width": 8})
    return vars(parser.parse_args(arguments))


def test_what_is_not_given_stays_out():
    assert parse() == {}


def test_every_field_is_an_option_of_its_type():
    given = "--width 3 --learning-rate 1e-3 --norm none --layers 2 --data x y z --steps 7 --cache".split()
    assert parse(*given) == {
        "width": 3, "learning_rate": 1e-3, "norm": "none", "layers": 2, "data": ["x", "y", "z"], "steps": 7,
        "cache": True,
    }  # fmt: skip
    assert parse("--no-cache") == {"cache": False}


def test_the_help_shows_the_default_in_effect(capsys):
    with pytest.raises(SystemExit) as stopped:
        parse("--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 0
    for text in ("channels (default: 8)", "Adam's (default: 0.5)", "folders (default: a b)", "--steps N length"):
        assert text in shown


@pytest.mark.parametrize("wrong", [["--width", "wide"], ["--norm", "layer"], ["--layers", "3"], ["--wid", "3"], ["x"]])
def test_a_usage_error_is_one_line_and_status_2(capsys, wrong):
    with pytest.raises(SystemExit) as stopped:
        parse(*wrong)
    lines = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and len(lines) == 2
    assert lines[0].startswith("python -m command: ") and lines[1] == "(all options: python -m command --help)"


def raising(error: BaseException):
    def main() -> int:
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "status", "said"),
    [
        (lambda: 0, 0, ""),
        (lambda: 1, 1, ""),
        (raising(OSError("no disk")), 1, "error: no disk\n"),
        (raising(KeyboardInterrupt()), 130, "\nstopped\n"),
    ],
    ids=["fine", "failed", "error", "ctrl-c"],
)
def test_statuses(capsys, main, status, said):
    with pytest.raises(SystemExit) as stopped:
        run(main, (OSError,))
    assert stopped.value.code == status and capsys.readouterr().err == said


def test_what_nobody_expected_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()), (OSError,))

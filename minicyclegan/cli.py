"""What all commands share: options made from a config dataclass, errors as one clear line, Ctrl-C."""

from __future__ import annotations

import argparse
import dataclasses
import io
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

from minicyclegan.config import flag
from minicyclegan.interrupts import second_ctrl_c_ends


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, without the whole usage before it."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, allow_abbrev=False, **kwargs)
        if isinstance(sys.stdout, io.TextIOWrapper):  # a sign that the console lacks is printed by its name
            sys.stdout.reconfigure(errors="namereplace")

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n(all options: {self.prog} --help)\n")


def add_options(parser: argparse.ArgumentParser, config_class: type, defaults: Mapping[str, Any]) -> None:
    """One option a field, with the field's help and its default in effect; options not given stay out of the result."""
    hints = get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        default = defaults.get(field.name, field.default)
        shown = " ".join(map(str, default)) if isinstance(default, tuple) else default
        text = field.metadata["help"] + ("" if default is None else f" (default: {shown})")
        parser.add_argument(
            flag(field.name), dest=field.name, help=text, default=argparse.SUPPRESS, **_parsing(hints[field.name])
        )


def _parsing(hint: Any) -> dict[str, Any]:
    """How argparse reads a field of this type."""
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint), "type": type(get_args(hint)[0])}
    if get_origin(hint) is tuple:
        return {"nargs": "+", "metavar": "NAME"}
    if hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if isinstance(hint, UnionType):
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
    return {"type": hint, "metavar": {int: "N", float: "X", str: "NAME"}[hint]}


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number from `least` on."""

    def number(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {value}")
        return value

    return number


def command_line(name: str, *arguments: object) -> str:
    """A command of the package as it can be copied into a shell, whatever characters are in the names of folders."""
    words = ["python", "-m", f"minicyclegan.{name}", *map(str, arguments)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def run(main: Callable[[], int], failures: tuple[type[Exception], ...]) -> NoReturn:
    """Runs a command and exits.

    `failures` are what a user can cause: printed as one line, status 1, and so is a lack of memory; Ctrl-C is 130.
    """
    with second_ctrl_c_ends():
        try:
            status = main()
        except KeyboardInterrupt:
            print("\nstopped", file=sys.stderr)
            status = 130
        except Exception as error:
            line = str(error)
            if not isinstance(error, failures):
                from minicyclegan.devices import out_of_memory  # not every command needs PyTorch

                if not out_of_memory(error):
                    raise
                reason = (line.strip() or type(error).__name__).splitlines()[0][:200]
                line = f"out of memory; smaller pictures, batches or networks need less ({reason})"
            print(f"error: {line}", file=sys.stderr)
            status = 1
    sys.exit(status)

"""Settings as dataclasses: one source for the defaults, the command line's help and what a checkpoint records."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

Config = TypeVar("Config")


def option(default: Any, help: str, *, least: float | None = None, below: float | None = None) -> Any:
    """A dataclass field with its default, its line of help and, for numbers, the bounds within which they make sense.

    At least `least`, less than `below`.
    """
    return dataclasses.field(default=default, metadata={"help": help, "least": least, "below": below})


def check(config: Any) -> None:
    """Raises ValueError, naming the option, if a field is not one of its literals or lies out of its bounds."""
    hints = get_type_hints(type(config))
    for field in dataclasses.fields(config):
        value, least, below = getattr(config, field.name), field.metadata.get("least"), field.metadata.get("below")
        name = flag(field.name)
        if get_origin(hints[field.name]) is Literal and value not in get_args(hints[field.name]):
            known = ", ".join(map(str, get_args(hints[field.name])))
            raise ValueError(f"{name} must be one of {known}, not {value!r}")
        if least is not None and value is not None and not value >= least:
            raise ValueError(f"{name} must be at least {least}, not {value}")
        if below is not None and value is not None and not value < below:
            raise ValueError(f"{name} must be below {below}, not {value}")


def flag(field_name: str) -> str:
    return "--" + field_name.replace("_", "-")


def from_dict(config_class: type[Config], values: dict[str, Any]) -> Config:
    """The config recorded as `values`. Raises ValueError for a key that this version does not know."""
    unknown = sorted(set(values) - {field.name for field in dataclasses.fields(config_class)})
    if unknown:
        raise ValueError(f"unknown setting {unknown[0]!r} for {config_class.__name__}; was it made by a newer version?")
    return config_class(**values)

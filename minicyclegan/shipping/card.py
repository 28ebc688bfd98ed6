"""The model card: what a model was trained on, what it reaches, what it is for, where it fails, and what to mind.

Its words are in card.toml, beside this file.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minicyclegan.cli import command_line
from minicyclegan.config import flag, from_dict
from minicyclegan.data.sources import world_called
from minicyclegan.models import MODELS
from minicyclegan.shipping.translator import Translator
from minicyclegan.training.config import TrainConfig
from minicyclegan.worlds import World

WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
KINDS = {"cyclegan": "CycleGAN", "pix2pix": "pix2pix", "bicyclegan": "BicycleGAN"}
CHANGE_NO_PICTURE = {"model", "device", "cache", "threads", "save_every", "sample_every"}


def card(translator: Translator) -> str:
    """Markdown, in which whatever comes out of the model's file is escaped; with its figures, where it has some."""
    settings, content, (names, world) = translator.settings, translator.record, _data(translator)
    kind, words = _kind(translator), WORDS["world" if world else "folder" if settings else "unknown"]
    known = {"size": escaped(settings.get("size", "?")), "names": " and ".join(map(escaped, names))}
    sections = {name: text.format(**known) for name, text in words.items()} | {
        "title": ", ".join(filter(None, [known["names"], kind])) or "a generator of the original code",
        "about": about(translator),
        "training": _training(translator, world),
        "figures": _figures(content.get("evaluation"), world),
        "limits": "\n".join(f"- {line}" for line in limits(translator)),
    }
    return WORDS["text"].lstrip().format(**sections)


def about(translator: Translator) -> str:
    """One sentence: what it turns into what."""
    settings, (_, world) = translator.settings, _data(translator)
    A, B = world.domains if world else ("pictures of domain A", "pictures of domain B")
    A, B = (B, A) if settings.get("direction") == "BtoA" else (A, B)
    more = (", and back" if "BtoA" in translator.generators else "") + (", in many styles" if translator.latent else "")
    return f"A {_kind(translator) or 'network'}: {A} to {B}{more}."


def limits(translator: Translator) -> list[str]:
    """Where it fails, in a sentence or two each."""
    settings, (_, world) = translator.settings, _data(translator)
    seen = WORDS["failures"].get(str(settings.get("model")), {}).get(world.name, []) if world else []
    size = [WORDS["always"]["size"].format(size=escaped(settings["size"]))] if "size" in settings else []
    return [*seen, *size, WORDS["always"]["failures"]]


def one_line(value: Any) -> str:
    """Without line breaks and signs that can't be seen."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(value)).split())


def escaped(value: Any) -> str:
    """As plain words in Markdown, whatever is in it."""
    return re.sub(r"[\\`*_\[\]<>#|~&$@]|:(?=/)|(?<=[wW])\.", r"\\\g<0>", one_line(value)[:100])


def _kind(translator: Translator) -> str | None:
    return KINDS.get(str(translator.settings.get("model")))


def _data(translator: Translator) -> tuple[list[str], World | None]:
    """The names after --data, and the world that they mean. Of a folder the last part: the way to it is private."""
    data = translator.settings.get("data")
    names = [str(name) for name in data] if isinstance(data, list | tuple) else []
    return [Path(name).name for name in names], world_called(names)


def _training(translator: Translator, world: World | None) -> str:
    """The networks, and the command that trains them."""
    content = translator.record
    networks = [network for network, _ in translator.generators.values()]
    weights = sum(weight.numel() for weight in networks[0].parameters())
    line = f"{type(networks[0]).__name__}, {weights:,} weights{' each way' if len(networks) > 1 else ''}"
    try:
        settings = from_dict(TrainConfig, content["settings"] | {"data": (world.name if world else "FOLDER",)})
        if settings.precision == "auto":  # what was chosen; a file that does not say is of when that was float32
            chosen = content["speed"]["precision"] if "speed" in content else "float32"
            settings = dataclasses.replace(settings, precision=chosen)
        networks_config = from_dict(MODELS[content["model"]].config, content["config"])
        made = [f"{content['steps']} steps", f"seed {settings.seed}"]
        made += [f"{name} {content['versions'][name]}" for name in ("minicyclegan", "torch")]
    except (KeyError, TypeError, ValueError):
        return f"{line}. How it was trained is not known."
    options: list[Any] = ["--model", content["model"]]
    for config, field in [(one, field) for one in (settings, networks_config) for field in dataclasses.fields(one)]:
        value = getattr(config, field.name)
        if value not in (None, field.default) and field.name not in CHANGE_NO_PICTURE:
            options += [flag(field.name if value is not False else f"no_{field.name}")]
            options += [] if isinstance(value, bool) else value if isinstance(value, tuple) else [value]
    line = ", ".join([line, *map(escaped, made)])
    return f"{line}:\n\n```\n{one_line(command_line('train', *options))}\n```"


def _figures(evaluation: Any, world: World | None) -> str:
    """A table of what has a mark to be compared with, and the command that measures it."""
    command = f"```\n{command_line('evaluate', 'MODEL', *([] if world else ['--data', 'FOLDER']))}\n```"
    try:
        data = " and ".join(escaped(Path(str(name)).name) for name in evaluation["data"])
        where = f"{data}, {escaped(evaluation['size'])} pixels"
        rows = [_row(figure) for figure in evaluation["figures"]]
    except (AttributeError, KeyError, TypeError, ValueError):
        return f"None are recorded. This measures it:\n\n{command}"
    head = f"On held-out pictures of {where}; bold is outside its limits. Measured by"
    table = ["|  | figure | value | 95 % interval | real pictures | limits |", "| --- " * 6 + "|", *filter(None, rows)]
    return "\n".join([head, "", command, "", *table])


def _row(figure: Mapping[str, Any]) -> str:
    """A line of the table; empty for a figure that says little by itself."""
    value, low, high, real = (_number(figure[name]) for name in ("value", "low", "high", "real"))
    bounds = zip(("from", "to"), map(_number, figure["limits"] or ()), strict=False)
    limits = " ".join(f"{word} {bound}" for word, bound in bounds if bound)
    value = f"**{value}**" if figure["passes"] is False else value
    cells = [escaped(figure["direction"]), escaped(figure["name"]), value, f"{low} to {high}", real, limits]
    return f"| {' | '.join(cells)} |" if real or limits else ""


def _number(value: Any) -> str:
    return f"{round(value, 4):.3g}" if isinstance(value, int | float) else ""

"""Which alarms go off in which runs: sound ones, and ones with a fault put in. Writes docs/alarms.md.

python -m tests.benchmarks.alarms [RUN...] [--only WORD] [--rows FILE] [--out docs/alarms.md]

RUN: finished runs that are taken for sound; their last checkpoint and all of their losses are looked at.
The short runs are made here, some minutes in all on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from minicyclegan.config import from_dict
from minicyclegan.data.datasets import VALIDATION_PICTURES, DataSet, Pictures, open_data
from minicyclegan.models import MODELS, Model, build
from minicyclegan.training.alarms import WINDOW, find_alarms, of_losses
from minicyclegan.training.checkpoint import load_checkpoint
from minicyclegan.training.config import TrainConfig, preset
from minicyclegan.training.curves import Curves
from minicyclegan.training.log import Diverged
from minicyclegan.training.loop import train
from minicyclegan.training.run import Run
from minicyclegan.training.run_folder import RunFolder
from minicyclegan.training.validation import Validation

STEPS, LOOKS = 300, 10
NAMES = (
    "diverged", "nothing learnt", "flat", "alike", "copies", "inverted", "tint", "grid", "ignored code",
    "discriminator has won", "discriminator is blind", "falling",
)  # fmt: skip
TINY = {
    "cyclegan": {"width": 8, "disc_width": 16, "blocks": 1},
    "pix2pix": {"width": 16, "disc_width": 16, "depth": 4},
    "bicyclegan": {"width": 16, "disc_width": 16, "encoder_width": 16, "depth": 4, "encoder_blocks": 2},
}


@dataclass(frozen=True)
class Case:
    """A short run. `expected`: the alarms that name its fault, one of which has to go off; empty: it is sound."""

    what: str
    recipe: str
    world: str
    expected: tuple[str, ...] = ()
    networks: dict[str, Any] | None = None
    data: Callable[[DataSet], DataSet] = lambda data: data
    code: Callable[[Model], None] = lambda model: None
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.what} ({self.recipe}, {self.world}{f', seed {self.seed}' if self.seed else ''})"

    def alarms(self) -> Counter[str]:
        """At how many looks each went off."""
        settings, networks = preset("small", self.recipe, "cpu")
        changed = {
            "model": self.recipe,
            "data": (self.world,),
            "size": 32,
            "steps": STEPS,
            "pictures": 100,
            "ema": 0.98,
        }
        changed |= {"validate_every": STEPS // LOOKS, "seed": self.seed}
        config = TrainConfig(**settings | changed | {"sample_every": STEPS, "save_every": STEPS})
        model_config = MODELS[self.recipe].config(**networks | TINY[self.recipe] | (self.networks or {}))
        data = open_data(config.data, config.size, config.pictures, test_pictures=8, validation=VALIDATION_PICTURES)
        torch.manual_seed(config.seed)
        model = build(model_config, config.seed)
        model.keep_average(config.ema)
        self.code(model)
        with tempfile.TemporaryDirectory() as folder:
            run = RunFolder(folder)
            run.create({})
            with suppress(Diverged):
                train(Run(run, config, model, self.data(data), STEPS, {}))
            records = [record for record, _ in run.read_log()]
        return Counter(name for r in records for name in {alarm["name"] for alarm in r.get("alarms", [])})


# ---- Faults ------------------------------------------------------------------------------------------------------


def changed(pictures: Pictures, change: Callable[[np.ndarray], np.ndarray]) -> Pictures:
    return Pictures(lambda index: change(pictures[index]), pictures.names)


def negative_B(data: DataSet) -> DataSet:
    return replace(data, train_B=changed(data.train_B, lambda picture: 255 - picture))


def other_colours_B(data: DataSet) -> DataSet:
    return replace(data, train_B=changed(data.train_B, lambda picture: picture[..., ::-1]))


def one_domain(data: DataSet) -> DataSet:
    """A for both, and nothing is known of counterparts: somebody has given one folder's copy as the other."""
    return replace(data, train_B=data.train_A, val_B=data.val_A, val_truth_A=None, val_truth_B=None)


def one_picture_B(data: DataSet) -> DataSet:
    return replace(data, train_B=Pictures(lambda _: data.train_B[0], data.train_B.names))


def blind_generators(model: Model) -> None:
    """They see nothing of their input."""
    for name in set(model.translators.values()):
        for network in (getattr(model, name), model.average.networks[name]):
            network.register_forward_pre_hook(lambda _, inputs: (torch.zeros_like(inputs[0]), *inputs[1:]))


def deaf_generator(model: Model) -> None:
    """Its code is lost on the way."""
    for network in (model.G, model.average.networks["G"]):
        network.register_forward_pre_hook(lambda _, inputs: (inputs[0], torch.zeros_like(inputs[1])))


def unequal_phases(model: Model) -> None:
    """As of a transposed convolution, one of whose phases weighs more: 10 of 255 at every fourth pixel."""

    def screen(_: Any, __: Any, output: torch.Tensor) -> torch.Tensor:
        pattern = torch.zeros_like(output)
        pattern[..., ::2, ::2] = 20 / 255
        return output + pattern

    for name in set(model.translators.values()):
        for network in (getattr(model, name), model.average.networks[name]):
            network.register_forward_hook(screen)


def broken_gradient(model: Model) -> None:
    """Of the first generator's last layer, at one step."""
    calls, weight = Counter(), list(getattr(model, model.translators["AtoB"]).parameters())[-1]

    def spoil(gradient: torch.Tensor) -> torch.Tensor:
        calls["backward"] += 1
        return gradient * math.nan if calls["backward"] == STEPS // 3 else gradient

    weight.register_hook(spoil)


def frozen(model: Model) -> None:
    """A generator that no optimizer has."""
    own = {id(weight) for weight in getattr(model, model.translators["AtoB"]).parameters()}
    for optimizer in model.parts(torch.optim.Optimizer).values():
        for group in optimizer.param_groups:
            group["params"] = [weight for weight in group["params"] if id(weight) not in own] or group["params"][:0]


def rate_that_rises(model: Model) -> None:
    """After half of the run, a hundredfold."""
    before, calls = model.set_learning_rate, Counter()

    def set_learning_rate(factor: float) -> float:
        calls["steps"] += 1
        return before(100 * factor if calls["steps"] > STEPS / 2 else factor)

    model.set_learning_rate = set_learning_rate


def cases() -> Iterator[tuple[str, Case]]:
    """Each fault twice: first where the limits were fixed, then with another recipe or world, where they were tried."""
    for seed in range(3):
        for recipe, world in (("cyclegan", "horse2zebra"), ("pix2pix", "facades"), ("bicyclegan", "facades")):
            yield "fixed" if seed == 0 else "tried", Case("sound", recipe, world, seed=seed)
    yield "tried", Case("sound", "cyclegan", "summer2winter")
    yield "tried", Case("sound", "pix2pix", "edges2photo")
    faults: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
        ("setting: a rate of 0", ("nothing learnt",), {"networks": {"lr": 0.0}}),
        ("code: a generator that no optimizer has", ("nothing learnt",), {"code": frozen}),
        ("setting: a rate of 1e30", ("diverged",), {"networks": {"lr": 1e30}}),
        ("code: a gradient breaks", ("diverged",), {"code": broken_gradient}),
        ("setting: a rate of 0.1", ("flat", "alike", "diverged", "discriminator is blind"), {"networks": {"lr": 0.1}}),
        ("code: generators see nothing", ("alike", "flat"), {"code": blind_generators}),
        ("data: B's training pictures in negative", ("inverted",), {"data": negative_B}),
        ("data: red and blue exchanged in B", ("inverted", "tint"), {"data": other_colours_B}),
        ("code: a screen over the outputs", ("grid",), {"code": unequal_phases}),
        ("code: the rate rises a hundredfold", ("falling", "flat", "alike", "diverged"), {"code": rate_that_rises}),
    ]
    of_cyclegan = [
        ("data: A's copy given as B", ("copies", "discriminator is blind"), {"data": one_domain}),
        (
            "setting: cycles that outweigh all",
            ("copies", "discriminator has won"),
            {"networks": {"lambda_cycle": 1000.0}},
        ),
        ("setting: no discriminator", ("copies",), {"networks": {"lambda_gan": 0.0}}),
    ]
    of_pairs = [("data: one picture for all of B", ("alike",), {"data": one_picture_B})]
    of_codes = [("code: the code is lost", ("ignored code",), {"code": deaf_generator})]
    for what, expected, fault in faults:
        yield "fixed", Case(what, "cyclegan", "horse2zebra", expected, **fault)
        yield "tried", Case(what, "pix2pix", "facades", expected, **fault)
    for what, expected, fault in of_cyclegan:
        yield "fixed", Case(what, "cyclegan", "horse2zebra", expected, **fault)
        yield "tried", Case(what, "cyclegan", "summer2winter", expected, **fault)
    for what, expected, fault in of_pairs:
        yield "fixed", Case(what, "pix2pix", "facades", expected, **fault)
        yield "tried", Case(what, "bicyclegan", "facades", expected, **fault)
    for what, expected, fault in of_codes:
        yield "fixed", Case(what, "bicyclegan", "facades", expected, **fault)
        yield "tried", Case(what, "bicyclegan", "facades", expected, **fault, seed=1)


# ---- Finished runs -----------------------------------------------------------------------------------------------


def of_finished(folder: RunFolder) -> Counter[str]:
    """The alarms of its last checkpoint, and of its losses in all windows once it was old enough."""
    content = load_checkpoint(folder.checkpoint)
    config = from_dict(TrainConfig, {**content["settings"], "data": tuple(content["settings"]["data"])})
    model_config = from_dict(MODELS[content["model"]].config, content["config"])
    model = build(model_config)
    if config.ema:
        model.keep_average(config.ema)
    model.load_training_state(content["training"])
    channels = (model_config.channels_A, model_config.channels_B)
    channels = channels[::-1] if config.direction == "BtoA" else channels
    data = open_data(
        config.data, config.size, VALIDATION_PICTURES, channels, shorter_side=config.load_size, test_pictures=8,
        pairs_for=config.model if model_config.paired else None, validation=VALIDATION_PICTURES,
    )  # fmt: skip
    views = Validation(data.swapped() if config.direction == "BtoA" else data, config).look(model.eval())
    curves = Curves(record for record, _ in folder.read_log())
    found = Counter(
        {alarm.name for alarm in find_alarms(model, views, curves, [], {}, content["steps"], content["steps"])}
    )
    losses = curves.latest(content["steps"])
    for start in range(content["steps"] // 5, content["steps"] - WINDOW, WINDOW):
        window = {name: values[start : start + WINDOW] for name, values in losses.items()}
        found.update({alarm.name for alarm in of_losses(model, window)})
    return found


# ---- The page ----------------------------------------------------------------------------------------------------


def table(rows: Sequence[tuple[str, tuple[str, ...], Counter[str]]]) -> str:
    """A row a run, a column an alarm: at how many looks it went off, bold where it names the fault."""
    lines = ["| run | " + " | ".join(NAMES) + " |", "| --- |" + " --- |" * len(NAMES)]
    for what, expected, found in rows:
        cells = (f"**{found[n]}**" if n in expected and found[n] else str(found[n] or "") for n in NAMES)
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(rows: Sequence[tuple[str, tuple[str, ...], Counter[str]]]) -> str:
    sound = [found for _, expected, found in rows if not expected]
    broken = [(expected, found) for _, expected, found in rows if expected]
    named = sum(any(found[name] for name in expected) for expected, found in broken)
    quiet = sum(not found for found in sound)
    of_broken = f"; {named} of {len(broken)} faults named" if broken else ""
    return f"{quiet} of {len(sound)} sound runs without an alarm{of_broken}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--only", default="", help="short runs with this word in their name")
    parser.add_argument("--rows", type=Path, help="a file that keeps what was found, so that it is not done again")
    parser.add_argument("--out", type=Path, help="the page")
    given = parser.parse_args()
    known = given.rows.read_text(encoding="utf-8").splitlines() if given.rows and given.rows.exists() else []
    done: dict[str, dict[str, int]] = dict(map(json.loads, known))
    rows: dict[str, list[tuple[str, tuple[str, ...], Counter[str]]]] = {"finished": [], "fixed": [], "tried": []}

    def add(kind: str, what: str, expected: tuple[str, ...], measure: Callable[[], Counter[str]]) -> None:
        if what not in done:
            done[what] = measure()
            if given.rows:
                with given.rows.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([what, done[what]]) + "\n")
        rows[kind].append((what, expected, Counter(done[what])))
        print(kind, what, done[what], flush=True)

    for path in given.runs:
        told = json.loads((path / "config.json").read_text(encoding="utf-8"))
        data = " and ".join(Path(name).name for name in told["settings"]["data"])
        what = f"{path.name} ({told['model']}, {data}, {told['settings']['size']} px, {told['steps']:,} steps)"
        add("finished", what, (), lambda path=path: of_finished(RunFolder(path)))
    for kind, case in cases():
        if given.only in str(case):
            add(kind, str(case), case.expected, case.alarms)
    if given.out:
        head = given.out.read_text(encoding="utf-8").split(MARK)[0] if given.out.exists() else ""
        parts = [f"## {TITLES[kind]}\n\n{verdict(of)}\n\n{table(of)}\n" for kind, of in rows.items() if of]
        given.out.write_text(head + MARK + "\n\n" + "\n".join(parts), encoding="utf-8")


MARK = "<!-- from here on written by python -m tests.benchmarks.alarms -->"
TITLES = {
    "finished": "Finished runs, taken for sound",
    "fixed": "Short runs on which the limits were fixed",
    "tried": "Short runs on which they were tried",
}

if __name__ == "__main__":
    main()

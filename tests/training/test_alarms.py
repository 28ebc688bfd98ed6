"""training/alarms.py: each sign is told from what is sound, on real pictures; a run says so and goes on, or stops."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from minicyclegan.data.datasets import open_data
from minicyclegan.judging.metrics import as_tensor
from minicyclegan.models import BicycleGAN, BicycleGANConfig, CycleGAN, CycleGANConfig, Pix2Pix, Pix2PixConfig
from minicyclegan.training import alarms
from minicyclegan.training.alarms import IGNORED, WINDOW, code_effect, of_code, of_losses, of_pictures, of_scores
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.log import Diverged
from minicyclegan.training.loop import train
from minicyclegan.training.run import Run
from minicyclegan.training.run_folder import RunFolder
from minicyclegan.training.validation import View
from minicyclegan.worlds import WORLDS, draw_scene

# ---- Pictures ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["summer2winter", "facades", "horse2zebra"])
def sound(request) -> View:
    """What a perfect model paints."""
    world = WORLDS[request.param]
    scenes = [draw_scene(world, "val", "A", index) for index in range(24)]
    others = [draw_scene(world, "val", "B", index) for index in range(24)]
    a, b = (as_tensor(np.stack([world.render(scene, domain, 64) for scene in scenes])) for domain in "AB")
    target = as_tensor(np.stack([world.render(scene, "B", 64) for scene in others]))
    return View("AtoB", a, target, b, None, "B", True, output=b)


def shifted(x: Tensor, by: list[int]) -> Tensor:
    return (x.int() + torch.tensor(by)[:, None, None]).clamp(0, 255).byte()


def screened(x: Tensor) -> Tensor:
    screen = torch.zeros(64, 64, dtype=torch.int)
    screen[::4, ::4] = 24
    return (x.int() + screen).clamp(0, 255).byte()


FAULTS: dict[str, Callable[[View], Tensor]] = {
    "flat": lambda view: view.output // 8 + 100,
    "alike": lambda view: view.output[:1].expand_as(view.output) + (torch.arange(24) % 3)[:, None, None, None].byte(),
    "copies": lambda view: shifted(view.source, [1, 0, 0]),
    "inverted": lambda view: 255 - view.output,
    "tint": lambda view: shifted(view.output, [50, -50, 0]),
    "grid": lambda view: screened(view.output),
}


def names(view: View) -> set[str]:
    return {alarm.name for alarm in of_pictures(view)}


def test_what_is_sound_raises_none(sound):
    for truth in (sound.truth, None):
        assert names(replace(sound, truth=truth)) == set()


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named(name, sound):
    faulty = replace(sound, output=FAULTS[name](sound))
    found = list(of_pictures(faulty))
    assert name in {alarm.name for alarm in found}
    # A picture in negative has the negative's colours, too.
    assert {alarm.name for alarm in found} <= {name, "tint"} if name != "tint" else True
    for alarm in found:
        assert alarm.text.startswith("AtoB: ") and alarm.way == "AtoB" and all(list(alarm.to_json().values())[:4])


def test_exchanged_channels_are_told_where_the_truth_is_known(sound):
    exchanged = replace(sound, output=sound.output.flip(1))
    assert any("red and blue are exchanged" in alarm.text for alarm in of_pictures(exchanged))
    assert "inverted" not in names(replace(exchanged, truth=None))


def test_grey_pictures_are_looked_at_like_others(sound):
    grey = replace(sound, **{x: getattr(sound, x)[:, :1] for x in ("target", "truth", "output")})
    assert names(grey) == set() and names(replace(grey, output=255 - grey.output)) == {"inverted"}
    assert names(replace(grey, output=sound.source[:, :1])) <= {"copies"}


# ---- Losses, scores ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind, unsure", [("lsgan", 0.25), ("vanilla", math.log(2)), ("hinge", 1.0)])
def test_discriminators_that_know_all_or_nothing(kind, unsure):
    model = CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=0, disc_layers=1, gan_loss=kind))
    noise = np.random.default_rng(0).uniform(0.5, 1.5, WINDOW)

    def found(D_A: np.ndarray) -> list[str]:
        return [alarm.text[:10] for alarm in of_losses(model, {"D_A": D_A, "D_B": 0.8 * unsure * noise})]

    assert found(0.9 * unsure * noise) == found(unsure * noise) == []
    assert found(0.01 * unsure * noise) == ["D_A has won"[:10]]
    assert found(np.full(WINDOW, unsure)) == ["D_A is blind"[:10]]
    assert found(np.full(WINDOW - 1, unsure)) == []  # too short to say


def test_a_critic_has_no_level_at_which_it_is_blind():
    model = CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=0, disc_layers=1, gan_loss="wgangp"))
    assert not list(of_losses(model, {"D_A": np.zeros(WINDOW), "D_B": np.full(WINDOW, 0.25)}))


@pytest.mark.parametrize(
    ("scores", "falling"),
    [
        ([5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1], False),
        ([5, 4, 3, 1, 1.2, 0.9, 1.1, 1.2, 0.9, 1.0, 1.1], False),
        ([5, 4, 3, 1, 1.0, 2, 3, 4, 5, 6], True),
        ([5, 4, 3, 1, 1.0, 1.1, 1.0, 4, 5, 4, 2.5], False),  # other colours for a while
        ([5, 4, 3, 1, 1.0, 2, 3, 4, 5, 1.0], False),  # back again
        ([5, 4, 1, 1, 6, 7], False),  # too soon to say
        ([3.0] * 12, False),
        ([0.0] * 12, False),
        ([5, 0, 0, 0, 0, 2, 3, 2, 2, 3, 2], True),  # as real pictures first, and then not
        ([], False),
    ],
)
def test_figures_that_get_worse_and_worse(scores, falling):
    found = list(of_scores([(100 * i, float(score)) for i, score in enumerate(scores)]))
    assert [alarm.name for alarm in found] == ["falling"] * falling
    assert not falling or f"since step {400 if 0 in scores else 300}" in found[0].text


# ---- The code ----------------------------------------------------------------------------------------------------


SMALL = {"width": 4, "disc_width": 2, "depth": 2, "disc_layers": 1, "norm": "none", "latent": 3}
BICYCLE = SMALL | {"encoder_width": 2, "encoder_blocks": 1, "disc_scales": 1}


def with_code_weights(model: BicycleGAN | Pix2Pix, value: float) -> BicycleGAN | Pix2Pix:
    """The model with weights at which a picture gets through, those that read the code at `value`."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.G.parameters():
            weight.normal_(0, 0.3, generator=draw)
        for convolution in model.G.down:
            convolution.weight[:, -model.config.latent :] = value
    return model.eval()


@pytest.mark.parametrize(
    "make", [lambda: BicycleGAN(BicycleGANConfig(**BICYCLE)), lambda: Pix2Pix(Pix2PixConfig(**SMALL))]
)
def test_an_ignored_code_is_told_from_one_that_matters(make):
    a = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    deaf, listening = with_code_weights(make(), 0.0), with_code_weights(make(), 0.3)
    assert code_effect(deaf, a) == 0 and "differ by 0.0000 of the range" in text_of(deaf, a)
    assert code_effect(listening, a) > 5 * IGNORED and not list(of_code(listening, a))


def test_the_effect_is_the_mean_distance_of_answers_as_a_share_of_the_range():
    """A generator that paints its picture in one shade, +1 or -1 by the sign of the code's first number."""

    class Sign(torch.nn.Module):
        def forward(self, a, z):
            return torch.sign(z[:, :1, None, None]).expand(-1, 3, *a.shape[-2:])

    model = BicycleGAN(BicycleGANConfig(**BICYCLE), G=with_parameters(Sign()))
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    black = int((z[:, 0] < 0).sum())
    assert 0 < black < 4
    # of the 6 pairs of 4 answers, those of black and white are the whole range apart
    assert code_effect(model, torch.zeros(2, 3, 16, 16)) == pytest.approx(black * (4 - black) / 6)


def with_parameters(network: torch.nn.Module) -> torch.nn.Module:
    network.unused = torch.nn.Parameter(torch.zeros(1))
    return network


def test_advice_names_options_that_the_model_has():
    a = torch.zeros(1, 3, 16, 16)
    bicycle = text_of(with_code_weights(BicycleGAN(BicycleGANConfig(**BICYCLE)), 0.0), a)
    assert "--lambda-l1 or --lambda-kl, or a higher --lambda-latent," in bicycle
    baseline = text_of(with_code_weights(Pix2Pix(Pix2PixConfig(**SMALL)), 0.0), a)
    assert "--lambda-l1" in baseline and "--lambda-kl" not in baseline and "--lambda-latent" not in baseline


def text_of(model: BicycleGAN | Pix2Pix, a: Tensor) -> str:
    (alarm,) = of_code(model, a)
    return str(alarm)


def test_models_without_a_code_raise_no_alarm():
    a = torch.zeros(1, 3, 16, 16)
    assert not list(of_code(Pix2Pix(Pix2PixConfig(**SMALL | {"latent": 0})).eval(), a))
    assert not list(of_code(CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=0)).eval(), a))


# ---- Runs --------------------------------------------------------------------------------------------------------


def run_of(model: torch.nn.Module, folder: Path, steps: int, validation: int = 4) -> Run:
    recipe = {Pix2Pix: "pix2pix", BicycleGAN: "bicyclegan", CycleGAN: "cyclegan"}[type(model)]
    world = "horse2zebra" if recipe == "cyclegan" else "facades"
    config = TrainConfig(
        model=recipe, data=(world,), size=16, steps=steps, sample_every=100, validate_every=2, save_every=3
    )
    run = RunFolder(folder / "run")
    run.create({})
    return Run(run, config, model, open_data([world], 16, 4, test_pictures=2, validation=validation), steps, {})


def said_by(run: Run) -> list[tuple[int, str, str | None]]:
    records = [record for record, _ in run.folder.read_log()]
    return [(r["step"], one["name"], one["picture"]) for r in records for one in r.get("alarms", [])]


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_a_run_says_so_once_and_logs_it_at_every_look(value, tmp_path, capsys, monkeypatch):
    """Ten steps at a rate of nearly 0, so that the generator stays as it is."""
    monkeypatch.setattr(alarms, "AT_LEAST", 0)
    model = with_code_weights(BicycleGAN(BicycleGANConfig(**BICYCLE, lr=1e-12)), value).train()
    run = run_of(model, tmp_path, 10)
    assert train(run) == 0 and model.training
    said = capsys.readouterr().out
    ignored = [(step, picture) for step, name, picture in said_by(run) if name == "ignored code"]
    if value:
        assert not ignored and "the code is ignored" not in said
    else:
        # from step 2 of 10 on, the share of 0.2 from which on it is a sign
        assert [step for step, _ in ignored] == [2, 4, 6, 8, 10] and said.count("warning: the code is ignored") == 1
        assert all((run.folder.path / picture).is_file() for _, picture in ignored)
        assert ignored[0][1] == "alarms/step_000002_ignored_code_AtoB.png"


def test_a_rate_of_zero_is_named_at_the_first_look(tmp_path):
    model = CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=0, disc_layers=1, lr=0.0))
    run = run_of(model, tmp_path, 4)
    assert train(run) == 0
    assert [(step, name) for step, name, _ in said_by(run)] == [(2, "nothing learnt"), (4, "nothing learnt")]
    (record,) = (record for record, _ in run.folder.read_log() if record["step"] == 2)
    assert "G_AB and G_BA learnt nothing" in record["alarms"][0]["text"] and record["alarms"][0]["remedy"]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_broken_gradient_stops_the_run_before_anything_is_saved_of_it(value, tmp_path):
    model = CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=0, disc_layers=1))
    calls = []

    def spoil(gradient: Tensor) -> Tensor:
        calls.append(None)
        return gradient * value if len(calls) == 6 else gradient  # in step 6, of which a checkpoint is due

    next(model.G_BA.parameters()).register_hook(spoil)
    run = run_of(model, tmp_path, 20)
    with pytest.raises(Diverged, match=r"^the gradient of G_AB and G_BA stopped being a number at step 6, on horse"):
        train(run)
    content = torch.load(run.folder.checkpoint, weights_only=True)
    assert content["step"] == 3 and all(x.isfinite().all() for x in content["training"]["networks"].values())
    assert said_by(run)[-1] == (6, "diverged", "alarms/step_000006_diverged.png")
    assert (run.folder.path / "alarms/step_000006_diverged.png").is_file()


def test_a_loss_that_breaks_is_named_with_its_pictures_and_how_to_go_on(tmp_path):
    tiny = "--small --size 32 --pictures 10 --width 2 --disc-width 2 --blocks 1 --device cpu --norm none".split()
    run = tmp_path / "run"
    words = [sys.executable, "-m", "minicyclegan.train", *tiny, "--lr", "1e30", "--steps", "400", "--out", str(run)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=120)
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    (broken,) = (record for record in records if "alarms" in record)
    line, (alarm,) = result.stderr.splitlines()[-1], broken["alarms"]
    assert result.returncode == 1 and line.startswith("error: ") and "Traceback" not in result.stderr
    term = alarm["text"].split(" stopped being a number")[0]
    assert term.startswith("the gradient of") or broken[term] is None
    for part in (f"at step {broken['step']}, on horse2zebra train A ", str(run / alarm["picture"]), "of step 0"):
        assert part in line, line
    assert f"python -m minicyclegan.train --out {run} --resume" in line and (run / alarm["picture"]).is_file()

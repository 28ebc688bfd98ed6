"""The report's file: what it says of a run, of several, of what is broken, and what it leaves out of a long one."""

import dataclasses
import io
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from minicyclegan import report
from minicyclegan.files import WriteError
from minicyclegan.losses import GANLoss, discriminator_loss, generator_loss
from minicyclegan.models import MODELS, build
from minicyclegan.reporting import run as reading
from minicyclegan.reporting.page import write_page
from minicyclegan.reporting.run import GRID_BYTES, GRIDS, NORMAL, read_run
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.curves import POINTS
from minicyclegan.training.run_folder import RunError, RunFolder

ALARM = {"name": "flat", "text": "Hardly varied.", "cause": "Too young.", "remedy": "Wait."}


def png(width: int = 60, height: int = 40, seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(written := io.BytesIO(), "png")
    return written.getvalue()


def make_run(path: Path, steps: int = 600, every: int = 100, model: str = "cyclegan", **networks) -> RunFolder:
    """The folder of a run as the loop leaves it, with validation, alarms and seconds, and a grid at each look."""
    folder = RunFolder(path)
    config = MODELS[model].config(**networks)
    description = {"model": model, "config": dataclasses.asdict(config)}
    description |= {"settings": dataclasses.asdict(TrainConfig(model=model, steps=steps)), "steps": steps}
    description |= {"device": "cpu", "versions": {"torch": "2"}, "pictures": {"A": {"1.png": "5 ab"}, "B": "cd"}}
    folder.create(description | {"validation": "Twelve pictures."})
    draw = np.random.default_rng(0)
    for step in range(1, steps + 1):
        record = {"step": step, "epoch": 0, "lr": 2e-4, "images_per_second": 4.0}
        record |= {name: 0.25 + draw.normal(0, 0.02) for name in ("gan_AB", "gan_BA", "D_A", "D_B")}
        record |= {name: 0.2 + 0.3 * math.exp(-step / 50) for name in ("cycle_A", "cycle_B")}
        if step % every == 0:
            record["validation"] = {"score": abs(step - 0.7 * steps) / steps, "kid_AB": 0.1, "ssim_AB": None}
            record["seconds"] = {"data": 1.0, "generators": 30.0, "discriminators": 15.0, "saving": 1.0, "looking": 3.0}
            folder.sample(step).write_bytes(png(seed=step))
        if step == every:
            (path / "alarms").mkdir()
            (path / "alarms" / "flat.png").write_bytes(png())
            record["alarms"] = [{**ALARM, "picture": "alarms/flat.png"}]
        if step == steps:
            record["alarms"] = [{**ALARM, "name": "tint", "picture": None}, {**ALARM, "name": "tint", "text": "Back."}]
        folder.write_log([record])
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunFolder:
    return make_run(tmp_path_factory.mktemp("report") / "run")


def command(*arguments: object) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "minicyclegan.report", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, encoding="utf-8", timeout=120)


def content(page: Path) -> list[dict]:
    """The JSON that the page's script draws."""
    text = page.read_text(encoding="utf-8")
    return json.loads(text.split('id="content">')[1].split("</script>")[0])


# ---- One run -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_page_that_needs_nothing_else(tiny_run, tmp_path):
    """Of a real run."""
    folder = shutil.copytree(tiny_run, tmp_path / "a run")
    (folder / "report.html").unlink(missing_ok=True)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = command(folder)
    assert (result.returncode, result.stderr) == (0, "") and str(folder / "report.html") in result.stdout
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    page = after.pop(folder / "report.html").decode("utf-8")
    assert after == before
    assert all(
        mark not in page for mark in ('src="', "@import", "url(", '<link rel="stylesheet', "/* report", "/* runs")
    )
    (of_run,) = content(folder / "report.html")
    assert (of_run["name"], of_run["step"], of_run["steps"]) == ("a run", 2, 2)
    assert [sample["step"] for sample in of_run["samples"]] == [2]
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    for curve in of_run["curves"]:
        first, second = (record[curve["term"]] for record in log)
        assert curve["mean"] == pytest.approx([first, (first + second) / 2 if len(log) > 40 else second], rel=1e-4)


def test_what_the_page_says_of_a_run(run):
    said = read_run(run)
    assert (said["step"], said["steps"], said["best"], said["notes"]) == (600, 600, 400, [])
    assert said["minutes"] == pytest.approx(600 / 4.0 / 60) and said["pace"] == pytest.approx(4.0)
    assert [sample["step"] for sample in said["samples"]] == [100, 200, 300, 400, 500, 600]
    assert said["seconds"] == {"data": 6, "generators": 180, "discriminators": 90, "saving": 6, "looking": 18}
    figures = {figure["term"]: figure for figure in said["figures"]}
    assert figures.keys() == {"score", "kid_AB"} and figures["kid_AB"]["points"] == [100, 200, 300, 400, 500, 600]
    tint, flat = said["alarms"]
    assert (tint["name"], tint["steps"], tint["stands"]) == ("tint", [600], True)
    assert [alarm["text"] for alarm in tint["said"]] == ["Hardly varied.", "Back."]
    assert (flat["name"], flat["steps"], flat["stands"]) == ("flat", [100], False)
    assert flat["said"][0]["picture"]["picture"].startswith("data:image/png;base64,")
    commands = [line for _, line in said["commands"]]
    assert [line.split()[2] for line in commands] == [
        f"minicyclegan.{c}" for c in "train translate evaluate export report".split()
    ]
    assert commands[0].endswith("--resume --steps 900") and all(str(run) in line for line in commands)


def test_a_run_that_stopped_before_its_end_goes_on_where_it_was(run, tmp_path):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "cut"))
    folder.cut_log(230)
    said = read_run(folder)
    assert said["step"] == 230 and said["commands"][0][1].endswith("--resume")
    assert said["alarms"][0]["stands"] is False  # it was looked at again, at step 200, and was fine


def test_old_runs_have_a_page_too(run, tmp_path):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "old"))
    records = [record for record, _ in folder.read_log()]
    folder.log.unlink()
    folder.write_log([{key: record[key] for key in ("step", "epoch", "lr", "gan_AB", "D_B")} for record in records])
    config = json.loads(folder.config.read_text(encoding="utf-8"))
    folder.config.write_text(
        json.dumps({key: config[key] for key in ("model", "config", "settings")}), encoding="utf-8"
    )
    write_page([folder], folder.report)
    (said,) = content(folder.path / "report.html")
    assert (said["step"], said["steps"], said["best"], said["minutes"]) == (600, 600, None, None)
    assert said["alarms"] == said["figures"] == [] and said["seconds"] == {} and len(said["curves"]) == 2


# ---- What is normal ----------------------------------------------------------------------------------------------

TINY = {"width": 2, "disc_width": 2, "disc_layers": 1}
SIZES = {
    "cyclegan": {"blocks": 0},
    "pix2pix": {"depth": 3},
    "bicyclegan": {"depth": 3, "encoder_width": 2, "encoder_blocks": 1},
}


@pytest.mark.parametrize("gan_loss", get_args(GANLoss))
@pytest.mark.parametrize("name", MODELS)
def test_every_loss_of_every_recipe_is_explained(name, gan_loss):
    config = MODELS[name].config(**TINY, **SIZES[name], gan_loss=gan_loss)
    pictures = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    losses = build(config).step(pictures, pictures.flip(0))
    for term in losses:
        said = reading._normal(term, {"model": name, "config": dataclasses.asdict(config)}, 4, 0.5)
        assert said["equation"] and said["title"] != NORMAL["other"]["title"] and "{" not in said["why"], term
        if said["normal"] == [None, None]:
            assert said["why"].startswith("No band"), term
    assert reading._normal("shading", {"model": "own", "config": {}}, 1, None)["normal"] == [None, None]


@pytest.mark.parametrize("gan_loss", ["vanilla", "minimax", "lsgan", "hinge"])
@pytest.mark.parametrize("scales", [1, 2])
def test_a_discriminator_that_guesses_pays_what_the_page_says(gan_loss, scales):
    """Its band has that in it, and does not have what it pays where it has won."""
    unsure = torch.full((4,), 0.5 if gan_loss == "lsgan" else 0.0)
    sure = torch.full((4,), 10.0)
    real, fake = (sure / 10, 0 * sure) if gan_loss == "lsgan" else (sure, -sure)
    config = {"model": "bicyclegan", "config": {"gan_loss": gan_loss, "disc_scales": scales}}
    D, G = (reading._normal(term, config, 1, None) for term in ("D_vae", "gan_vae"))
    guess = scales * discriminator_loss(unsure, unsure, gan_loss).item()
    assert f"At {guess:.2f}, " in D["why"]
    assert D["normal"][0] < guess < D["normal"][1] and D["normal"][0] > scales * discriminator_loss(
        real, fake, gan_loss
    )
    if gan_loss != "hinge":
        low, high = G["normal"]
        assert (
            low
            < scales * generator_loss(unsure, gan_loss).item()
            < high
            < scales * generator_loss(fake, gan_loss).item()
        )


def test_a_band_that_depends_on_the_pictures_begins_with_the_run(run):
    cycle = next(curve for curve in read_run(run)["curves"] if curve["term"] == "cycle_A")
    first = [0.2 + 0.3 * math.exp(-step / 50) for step in range(1, 31)]
    assert cycle["normal"] == [0, pytest.approx(0.75 * np.mean(first), rel=1e-3)]


# ---- Long runs ---------------------------------------------------------------------------------------------------


def test_a_long_log_is_thinned_but_no_look_is_lost(run, monkeypatch):
    everything = read_run(run)
    monkeypatch.setattr(reading, "LOG_BYTES", run.log.stat().st_size // 7)
    said = read_run(run)
    assert said["notes"] == [f"{run.log} is long: the curves show one step in 8."]
    for part in ("step", "best", "figures", "alarms", "seconds", "samples"):
        assert said[part] == everything[part]
    assert len(said["curves"][0]["mean"]) < 120 and said["curves"][0]["points"][-1] == 600


def test_a_thinned_log_says_how_long_the_run_took_though_its_looks_are_slow(run, tmp_path, monkeypatch):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "slow"))
    records = [json.loads(line) for line in folder.log.read_text(encoding="utf-8").splitlines()]
    for record in records:
        record["images_per_second"] = 0.01 if "validation" in record else 4.0
    folder.log.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    minutes = read_run(folder)["minutes"]
    monkeypatch.setattr(reading, "LOG_BYTES", folder.log.stat().st_size // 7)
    assert read_run(folder)["minutes"] == pytest.approx(minutes, rel=0.02)


def test_the_curves_of_many_steps_stay_small(tmp_path):
    folder = make_run(tmp_path / "run", steps=2 * POINTS + 1, every=2 * POINTS + 1)
    assert {len(curve[part]) for curve in read_run(folder)["curves"] for part in ("mean", "low", "high")} <= {
        *range(POINTS + 1)
    }


def test_of_many_samples_some_are_shown_and_the_best_and_the_last(run, tmp_path):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "many"))
    for step in range(1, 601):
        folder.sample(step).write_bytes(png(8, 8))
    said = read_run(folder)
    steps = [sample["step"] for sample in said["samples"]]
    assert GRIDS <= len(steps) <= GRIDS + 1 and {1, 400, 600} <= set(steps) and max(np.diff(steps)) < 2 * 600 / GRIDS
    assert any(f"{len(steps)} of 600 sample grids" in note for note in said["notes"])


def test_a_large_sample_is_shown_smaller(run, tmp_path):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "large"))
    with Image.open(io.BytesIO(png(100, 50))) as small:
        small.resize((2000, 1000), Image.Resampling.BICUBIC).save(folder.sample(600))
    assert folder.sample(600).stat().st_size > GRID_BYTES
    said = read_run(folder)
    last = said["samples"][-1]
    assert (last["width"], last["height"]) == (1800, 900) and last["picture"].startswith("data:image/jpeg")
    assert len(last["picture"]) < GRID_BYTES and any("shown smaller" in note for note in said["notes"])


# ---- Mistakes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "there is no such folder"),
        (lambda path: path.write_bytes(b"x"), "not a file"),
        (lambda path: path.mkdir(), "no config.json in it"),
        *[
            (lambda path, text=text: (path.mkdir(), (path / "config.json").write_bytes(text)), "is it damaged?")
            for text in (b"", b"{", b"[]", b"\xff", b"null", b'{"config": {}, "settings": {}}', b"[" * 100_000)
        ],
    ],
)
def test_what_is_no_run_is_one_line(tmp_path, make, said):
    path = tmp_path / "thing"
    make(path)
    with pytest.raises(RunError) as raised:
        report.main([str(path)])
    line = str(raised.value)
    assert len(line.splitlines()) == 1 and line.startswith(str(path)) and said in line
    assert not list(tmp_path.rglob("report.html"))


def test_a_mistake_ends_the_command_with_status_1_and_its_line(tmp_path):
    result = command(tmp_path / "nowhere")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"error: {tmp_path / 'nowhere'}: there is no such folder\n"


def test_a_page_that_cannot_be_written_is_one_line(run, tmp_path):
    for out in (tmp_path, tmp_path / "nowhere" / "page.html"):
        with pytest.raises(WriteError, match=re.escape(f"{out}: can't be written: ")):
            report.main([str(run), "--out", str(out)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("damage", "said", "steps"),
    [
        (lambda log: b"", "is empty", 0),
        (lambda log: None, "is missing", 0),
        (lambda log: log[:-30], "a line that is cut off", 599),
        (lambda log: log.replace(b'{"step": 7,', b'{"step": ', 1), "a line that is cut off or damaged", 600),
        (lambda log: b"[]\nnull\n" + log + b'{"step": 1e3}\n"', "4 lines that are cut off or damaged", 600),
    ],
)
def test_a_broken_log_is_said_in_one_line_and_the_rest_is_shown(run, tmp_path, capsys, damage, said, steps):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    log = damage(folder.log.read_bytes())
    folder.log.unlink()
    if log is not None:
        folder.log.write_bytes(log)
    assert report.main([str(folder)]) == 0
    note, written = capsys.readouterr().out.splitlines()
    assert note.startswith(f"note: {folder.log} ") and said in note and written.startswith(f"{folder}")
    assert content(folder.path / "report.html")[0]["step"] == steps


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_damage_to_a_log_ends_the_report(tmp_path_factory, data):
    folder = make_run(tmp_path_factory.mktemp("damaged") / "run", steps=8, every=2)
    log = bytearray(folder.log.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(log) - 1))
        log[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=4) | st.just(b"9" * 400))
    folder.log.write_bytes(log)
    assert json.loads(json.dumps(read_run(folder), allow_nan=False))["steps"] == 8


def test_odd_values_of_a_log_become_gaps(run, tmp_path):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "odd"))
    odd = b'{"step": 601, "gan_AB": NaN, "D_A": 1e999, "D_B": "0.2", "cycle_A": -Infinity, "cycle_B": true, "x": "x"}\n'
    folder.log.write_bytes(folder.log.read_bytes() + odd)
    curves = {curve["term"]: curve for curve in read_run(folder)["curves"]}
    assert {term for term, curve in curves.items() if curve["broken"]} == set(curves) and "x" not in curves
    assert all(curve["mean"][-1] is None and curve["mean"][-2] is not None for curve in curves.values())


def test_pictures_that_cannot_be_read_are_named(run, tmp_path):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    folder.sample(200).write_bytes(folder.sample(200).read_bytes()[:500])
    folder.sample(300).write_bytes(b"GIF89a")
    (folder.path / "alarms" / "flat.png").unlink()
    said = read_run(folder)
    assert [sample["step"] for sample in said["samples"]] == [100, 400, 500, 600]
    assert [folder.path / "alarms" / "flat.png", folder.sample(200), folder.sample(300)] == [
        Path(note.split(" can't be shown: ")[0]) for note in said["notes"]
    ]


def test_an_alarm_shows_no_file_from_outside_of_the_run(run, tmp_path):
    folder = RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    (tmp_path / "secret.png").write_bytes(png())
    for place in ("../secret.png", "alarms/../../secret.png", str(tmp_path / "secret.png")):
        folder.log.write_text(json.dumps({"step": 1, "alarms": [{**ALARM, "picture": place}]}) + "\n", encoding="utf-8")
        assert read_run(folder)["alarms"][0]["said"][0]["picture"] is None


def test_no_name_ends_the_script(tmp_path):
    name = "<!--<script>]]><img src=x onerror=alert(1)>" if sys.platform != "win32" else "]]>"
    folder = make_run(tmp_path / name, steps=2, every=1)
    config = json.loads(folder.config.read_text(encoding="utf-8"))
    config["settings"] |= {"data": ["</script><script>alert(1)</script>"], "seed": 2**63 - 1, "lr": math.inf}
    folder.config.write_text(json.dumps(config), encoding="utf-8")
    write_page([folder], page := folder.report)
    template = (Path(reading.__file__).parent / "report.html").read_text(encoding="utf-8")
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == template.count("<script") and text.count("</script") == template.count("</script")
    (said,) = content(page)
    assert said["name"] == name and said["config"]["settings"]["data"] == config["settings"]["data"]
    assert said["config"]["settings"]["seed"] == str(2**63 - 1)  # which JavaScript's numbers can't hold


# ---- Several runs ------------------------------------------------------------------------------------------------


def test_several_runs_go_into_one_page(run, tmp_path, monkeypatch, capsys):
    other = make_run(tmp_path / "run", model="pix2pix")
    monkeypatch.chdir(tmp_path)
    assert report.main([str(run), str(other)]) == 0
    assert capsys.readouterr().out.startswith("comparison.html is written")
    first, second = content(tmp_path / "comparison.html")
    assert [first["name"], second["name"]] == [str(run), str(other)]  # both folders are called run
    assert [[sample["step"] for sample in of_run["samples"]] for of_run in (first, second)] == [[600], [600]]
    assert write_page([run, other], tmp_path / "other.html") == []

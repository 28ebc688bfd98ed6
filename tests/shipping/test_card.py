"""The model card: what it says is true of the model, and nothing that a file says of itself gets out of its place."""

import json
import re
import shlex
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicyclegan.shipping.card import card, escaped
from minicyclegan.shipping.translator import load
from minicyclegan.training.checkpoint import load_checkpoint, save_checkpoint
from tests.shipping.original_networks import original_resnet

HEADINGS = [
    "Trained on",
    "Figures",
    "What it is for",
    "Where it fails",
    "Before you show its pictures",
    "Licence",
]
EVIL = (
    "<script>alert(1)</script> | ![x](https://evil.example/x.png) [y](//evil) `z` **b** www.evil.example\n# Title\u202e"
)


def card_of(path):
    return card(load(path))


def changed(run, path, **entries):
    """A checkpoint like the run's, with other entries; those of "settings" are laid over its own."""
    content = load_checkpoint(run / "checkpoint.pt")
    entries["settings"] = content["settings"] | entries.get("settings", {})
    save_checkpoint(path, content | entries)
    return path


def test_it_has_its_sections_and_its_command_trains_the_same_weights(tiny_run, tmp_path):
    text = card_of(tiny_run / "checkpoint.pt")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert "A CycleGAN: plain brown horses to zebras, and back." in text and "Dark weather turns bright" in text
    command = shlex.split(re.search(r"^python -m minicyclegan\.train .*$", text, re.MULTILINE)[0])
    run = tmp_path / "again"
    subprocess.run(
        [sys.executable, *command[1:], "--device", "cpu", "--out", run], check=True, capture_output=True, timeout=120
    )
    before, after = (load_checkpoint(folder / "checkpoint.pt") for folder in (tiny_run, run))
    weights, again = before["training"]["networks"], after["training"]["networks"]
    assert weights.keys() == again.keys() and all(torch.equal(weights[name], again[name]) for name in weights)


@pytest.mark.parametrize("speed, said", [("bfloat16", True), ("float32", False), (None, False)])
def test_the_command_names_the_precision_that_was_chosen(tiny_run, tmp_path, speed, said):
    """As another processor would choose another one; float32 is the default."""
    content = load_checkpoint(tiny_run / "checkpoint.pt")
    content["settings"]["precision"] = "auto"
    recorded = content.pop("speed")
    path = tmp_path / "chosen.pt"
    save_checkpoint(path, content | ({"speed": recorded | {"precision": speed}} if speed else {}))
    text = card_of(path)
    assert (
        "python -m minicyclegan.train" in text
        and "--precision auto" not in text
        and ("--precision bfloat16" in text) == said
    )


def test_a_bicyclegan_is_said_to_have_many_styles_and_exchanged_domains_are_exchanged(
    tiny_bicyclegan_run, tiny_run, tmp_path
):
    assert re.search(r"A BicycleGAN: .* to .*, in many styles\.", card_of(tiny_bicyclegan_run / "checkpoint.pt"))
    path = changed(tiny_run, tmp_path / "swapped.pt", settings={"direction": "BtoA"})
    assert "A CycleGAN: zebras to plain brown horses" in card_of(path)


def test_figures_are_shown_if_they_are_recorded_and_otherwise_how_to_get_them(tiny_run, tmp_path):
    assert "None are recorded" in card_of(tiny_run / "checkpoint.pt")
    good = {"direction": "AtoB", "name": "grid", "value": 0.3, "low": 0.2, "high": 0.4, "count": 9, "real": None}
    figures = [
        good | {"limits": [None, 0.5], "passes": True},
        good | {"name": "b", "limits": [0.5, 1], "passes": False},
    ]
    figures.append(good | {"name": "no mark to compare with", "limits": None, "passes": None})
    evaluation = {"model": "/home/anna/zebra", "data": ["horse2zebra"], "size": 32, "figures": figures}
    text = card_of(changed(tiny_run, tmp_path / "measured.pt", evaluation=evaluation))
    assert "| AtoB | grid | 0.3 | 0.2 to 0.4 |  | to 0.5 |" in text
    assert "| AtoB | b | **0.3** | 0.2 to 0.4 |  | from 0.5 to 1 |" in text
    assert "no mark" not in text and "anna" not in text


@pytest.mark.parametrize("evaluation", [7, {}, {"data": 3}, {"data": ["x"], "size": 1, "figures": [{"name": "y"}]}])
def test_broken_figures_count_as_none(tiny_run, tmp_path, evaluation):
    assert "None are recorded" in card_of(changed(tiny_run, tmp_path / "broken.pt", evaluation=evaluation))


def test_a_folder_is_named_without_the_way_to_it_and_its_pictures_decide_on_the_licence(tiny_run, tmp_path):
    data = ["/home/anna/photos/cats_A", "/home/anna/photos/dogs"]
    text = card_of(changed(tiny_run, tmp_path / "own.pt", settings={"data": data}))
    assert r"Pictures from cats\_A and dogs, seen 32 x 32 pixels" in text and "anna" not in text
    assert "as far as the licences of those pictures allow" in text and "Dark weather" not in text


def test_nothing_in_a_file_becomes_markup(tiny_run, tmp_path):
    figure = {"direction": EVIL, "name": EVIL, "value": EVIL, "low": 0, "high": 1, "real": 1.0, "limits": None}
    evaluation = {"data": [EVIL], "size": EVIL, "figures": [figure | {"passes": True}]}
    settings = {"data": [EVIL], "size": EVIL, "model": [EVIL]}
    versions = {"minicyclegan": EVIL, "torch": EVIL}
    entries = {"evaluation": evaluation, "settings": settings, "versions": versions, "steps": EVIL}
    text = card_of(changed(tiny_run, tmp_path / "evil.pt", **entries))
    plain = card_of(tiny_run / "checkpoint.pt")
    assert elements(text) - {"table"} == elements(plain), "the same links, code and headings as in an honest card"
    assert "\u202e" not in text


def markdown(text):
    """As a reader of Markdown sees it: a list of tokens."""
    mistune = pytest.importorskip("mistune", reason="needs mistune, which reads Markdown and comes with jupyterlab")
    return mistune.create_markdown(renderer="ast", plugins=["table", "url", "strikethrough"])(text)


def elements(text):
    """What a reader would be shown of headings, links, pictures, code and raw HTML."""
    found = set()

    def walk(tokens):
        for token in tokens:
            if token["type"] in ("link", "image", "inline_html", "block_html", "codespan", "heading", "table"):
                found.add((token["type"], json.dumps(token.get("attrs")), token.get("raw", "")))
            walk(token.get("children", ()))

    walk(markdown(text))
    return {item if item[0] != "table" else "table" for item in found}


@given(st.text())
def test_escaped_is_one_line_of_plain_words(text):
    (paragraph,) = markdown(f"word {escaped(text)}")
    assert {token["type"] for token in paragraph["children"]} == {"text"}


def test_weights_of_the_original_code_are_said_to_be_unknown(tmp_path):
    state = original_resnet(3, 3, 2, 6, "instance", False).state_dict()
    torch.save(state, tmp_path / "latest_net_G.pth")
    text = card(load(tmp_path / "latest_net_G.pth"))
    assert text.startswith("# Model card: a generator of the original code\n")
    assert "Not known." in text and "None are recorded" in text and "How it was trained is not known" in text

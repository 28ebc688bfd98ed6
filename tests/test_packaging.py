"""The files that tools read: versions that agree, an environment that pip accepts, a README whose code runs."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
import yaml
from packaging.requirements import Requirement

from tests.shipping.original_networks import original_resnet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_every_direct_requirement_is_pinned_inside_its_range():
    pins = {name.lower().replace("_", "-"): version for name, version in constraints().items()}
    extras = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    for line in PROJECT["dependencies"] + extras:
        requirement = Requirement(line)
        assert requirement.specifier.contains(pins[requirement.name]), line


def test_environment_names_the_same_versions_and_its_pip_part_is_accepted_by_pip(tmp_path):
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [item for item in environment["dependencies"] if isinstance(item, str)]
    names = {item.split("=")[0] for item in conda}
    assert {"python", "numpy", "pytorch", "matplotlib", "jupyter", "nbval", "pytest", "pip"} <= names
    pins = constraints() | {"pytorch": constraints()["torch"]}
    for item in conda:
        name, _, version = item.partition("=")
        if name in pins:
            assert version == pins[name], item
    (pip_part,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert pip_part == ["-c constraints.txt", "-e .[dev]"]
    # As conda does: the lines go into a requirements file, which pip reads in the folder of environment.yml.
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(
        "\n".join(pip_part).replace("constraints.txt", str(ROOT / "constraints.txt")), encoding="utf-8"
    )
    result = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--no-build-isolation", "-r", requirements],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if "No module named 'setuptools'" in result.stderr + result.stdout or "BackendUnavailable" in result.stderr:
        pytest.skip("this environment has no setuptools to build with")
    assert result.returncode == 0, result.stderr


def test_citation_names_the_three_papers():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert {reference["url"][-10:] for reference in citation["references"]} == {
        "1703.10593",
        "1611.07004",
        "1711.11586",
    }


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = [
    pytest.param(code, id=f"{page.name} {number}")
    for page in PAGES
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL), 1)
]


@pytest.mark.parametrize("code", CODE)
def test_the_pages_python_runs(code, tmp_path, tiny_run):
    code = code.replace('"runs/zebra"', repr(str(tiny_run)))
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    from PIL import Image

    Image.new("RGB", (20, 12), "brown").save(tmp_path / "horse.jpg")
    torch.save(original_resnet(3, 3, 2, 6, "instance", False).state_dict(), tmp_path / "latest_net_G_A.pth")
    result = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert len(code.splitlines()) <= 22, "twenty lines each"


def test_the_pages_commands_and_options_exist():
    helps: dict[tuple[str, ...], str] = {}
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for line in re.findall(r"python -m (?:minicyclegan\.|tests\.benchmarks)[^`\n|]*", text):
        module, *arguments = line.split()[2:]
        trained = module.endswith("train") and "--model" in arguments
        asked = (module, *(arguments[arguments.index("--model") :][:2] if trained else ()))
        if asked not in helps:
            command = [sys.executable, "-m", *asked, "--help"]
            helps[asked] = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for option in (a for a in arguments if a.startswith("--") and a != "-->"):  # that ends a comment of HTML
            assert option.strip(".,;:)") in helps[asked], line


def test_pictures_in_the_readme_and_docs_are_there():
    for page in PAGES:
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"

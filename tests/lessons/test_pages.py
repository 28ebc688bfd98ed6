"""The lessons' pages: the syllabus, the glossary and the licence."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "lessons"


def page(name: str) -> str:
    return (LESSONS / name).read_text(encoding="utf-8")


def test_the_syllabus_lists_every_lesson_and_links_stay_in_the_folder():
    """In the student's copy there is nothing else to link to."""
    rows = re.findall(r"^\| \[(\d+)\. [^\]]+\]\((\w+\.ipynb)\)", page("README.md"), re.MULTILINE)
    assert {name for _, name in rows} >= {path.name for path in LESSONS.glob("*.ipynb")}
    assert all(name.startswith(f"{number}_") for number, name in rows)
    for name in ("README.md", "glossary.md", "LICENSE.md"):
        for target in re.findall(r"\]\(([^)]+)\)", page(name)):
            assert target.startswith("https://") or (LESSONS / target).is_file(), f"{name}: {target}"


def test_what_the_readme_says_to_run_is_there():
    text = page("README.md")
    for script in set(re.findall(r"(?<!tests/)lessons/(\w+\.py)", text)):
        result = subprocess.run([sys.executable, LESSONS / script], capture_output=True, text=True, timeout=60)
        assert f"lessons/{script} " in result.stdout, "its usage, as the page writes it"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r"\[(dev|lessons|\w+)\]\"", text)) <= set(extras)
    assert (ROOT / "tests/lessons/nbval.cfg").is_file()


def test_the_glossary_is_alphabetical_and_one_sentence_each():
    entries = re.findall(r"^\*\*([^*]+)\*\* \((\d+(?:, \d+)*)\): (.+)$", page("glossary.md"), re.MULTILINE)
    assert len(entries) == page("glossary.md").count("\n**")
    names = [name.lower() for name, _, _ in entries]
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    for name, _, sentence in entries:
        assert sentence.endswith("."), name
        assert len(re.findall(r"[.!?](?= |$)", sentence)) == 1, name


def test_the_glossarys_terms_occur_in_the_lessons_it_names():
    """One of a term's forms, in the text or the code of each."""
    texts = {}
    for path in LESSONS.glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts[path.name[0]] = " ".join("".join(cell["source"]) for cell in cells).lower().replace("\n", " ")
    for name, lessons in re.findall(r"^\*\*([^*]+)\*\* \(([^)]+)\)", page("glossary.md"), re.MULTILINE):
        forms = [form.lower() for form in name.split(", ") if len(form) > 1]
        for number in lessons.split(", "):
            assert any(form in texts[number] for form in forms), f"{name}: not in lesson {number}"


def test_the_licence_of_the_code_is_the_projects():
    quoted = re.sub(r"^> ?", "", page("LICENSE.md"), flags=re.MULTILINE)
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8").split("\n", 2)[2]
    assert " ".join(licence.split()) in " ".join(quoted.split())

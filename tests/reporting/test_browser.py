"""The report in a real browser: wide and phone size, by keyboard, pointer and screen reader, without a network."""

import re
import shutil

import pytest

from minicyclegan.reporting.page import write_page
from minicyclegan.training.run_folder import RunFolder
from tests.browser import PHONE, WIDE, browser, needs_browser
from tests.reporting.test_page import ALARM, make_run

pytestmark = needs_browser
WICKED = "<img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[RunFolder]:
    """Two runs; the second has a long name and a mischievous log, and stopped too early for a verdict."""
    room = tmp_path_factory.mktemp("pages")
    first = make_run(room / "zebra")
    second = make_run(room / ("a_folder_with_a_name_that_has_no_end_" * 4), steps=100, every=20, lr=1e-4)
    second.cut_log(10)
    second.write_log([{"step": 11, WICKED: 0.5, "alarms": [{**ALARM, "text": WICKED}], "validation": {WICKED: 1.0}}])
    return [first, second]


@pytest.fixture(scope="module")
def chromium():
    with browser() as running:
        yield running


@pytest.fixture
def open_page(chromium):
    """Opens a page, and knows at the end that it asked for nothing else and complained of nothing."""
    contexts, asked, complaints = [], [], []

    def open_(path, size=WIDE, scheme="light"):
        context = chromium.new_context(viewport=size, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_
    assert complaints == []
    assert all(re.match(r"file://.*\.html|data:image/", url) for url in asked)
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def pages(folders):
    room = folders[0].path.parent
    write_page(folders, room / "comparison.html")
    for folder in folders[:2]:
        write_page([folder], folder.report)
    return {"one": folders[0].report, "young": folders[1].report, "several": room / "comparison.html"}


def dotted_lines(page) -> list[float]:
    return page.locator("line.at").evaluate_all("lines => lines.map((line) => +line.getAttribute('x1'))")


def test_the_slider_by_keyboard(open_page, pages):
    page = open_page(pages["one"])
    slider = page.get_by_label("The same pictures at step")
    slider.focus()
    seen, places = set(), []
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "End"):
        page.keyboard.press(key)
        seen.add(page.locator("#frame img").get_attribute("src"))
        places.append(dotted_lines(page))
    assert len(seen) == 5
    assert all(lines == [pytest.approx(lines[0])] * 8 for lines in places)  # six losses, two figures
    assert [lines[0] for lines in places] == sorted({lines[0] for lines in places})
    assert slider.get_attribute("aria-valuetext") == "step 600 of 600"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "step 400 of 600, the best"
    assert page.locator("#shown").inner_text() == "400 of 600, the best"
    assert page.locator("#frame img").get_attribute("alt").startswith("Step 400: test pictures")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_slider_by_pointer(open_page, pages, size):
    page = open_page(pages["one"], size)
    slider, shown = page.locator("#step"), []
    width = slider.bounding_box()["width"]
    for share in (0.99, 0.41):
        slider.click(position={"x": share * width, "y": 18})
        shown.append(page.locator("#shown").inner_text())
    assert shown == ["600 of 600", "300 of 600"]
    assert all(page.evaluate("[...document.images].map((image) => image.complete && image.naturalWidth > 0)"))


def test_what_is_at_the_top(open_page, pages):
    page = open_page(pages["one"])
    assert page.locator("h1").inner_text() == "zebra" and page.title() == "zebra – minicyclegan"
    assert [" ".join(tile.split()) for tile in page.locator("#glance > div").all_inner_texts()] == [
        "Finished 600 of 600 steps", "Best step 400 score 0.0333, lower is better", "Alarms 1 tint",
        "Time 2.5 min 4 pictures a second",
    ]  # fmt: skip
    assert page.locator("#summary li").all_inner_texts() == [
        "Hardly varied.", "Back.", "All losses that have a band are inside it. Whether the pictures are good, only the "
        "pictures tell.",
    ]  # fmt: skip
    captions = page.locator("#result figcaption").all_inner_texts()
    assert captions == ["Best: step 400", "Last: step 600"]
    for link in page.locator("nav a").all():
        assert page.locator(link.get_attribute("href")).count() == 1


def test_curves_bands_and_numbers(open_page, pages):
    page = open_page(pages["one"])
    losses = page.locator("#losses figure")
    assert losses.locator("h4").all_inner_texts() == ["gan_AB", "gan_BA", "D_A", "D_B", "cycle_A", "cycle_B"]
    assert page.locator("#losses h3").count() == 3  # what both directions have in common is said once
    for figure in losses.all():
        band, mean = figure.locator(".band").bounding_box(), figure.locator(".mean").bounding_box()
        assert 0 < band["height"] < 190 and mean["width"] > 200
        assert figure.locator("svg").get_attribute("aria-label").startswith(figure.locator("h4").inner_text())
        assert "inside the band" in figure.inner_text()
    first = losses.first.locator("details")
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    rows = first.locator("tbody tr").all_inner_texts()
    assert len(rows) == 11 and rows[0].split()[0] == "1" and rows[-1].split()[0] == "600"
    figures = page.locator("#validation figure")
    assert figures.locator("h4").all_inner_texts() == ["score", "kid_AB"] and figures.locator("circle").count() == 12
    assert figures.locator("text.best").all_text_contents() == ["best: step 400"] * 2


def test_alarms(open_page, pages):
    page = open_page(pages["one"])
    stands, over = page.locator("#alarms article").all()
    assert stands.locator("h3").inner_text() == "tint: at step 600, and still so" and "Back." in stands.inner_text()
    assert stands.inner_text().count("Likely cause: Too young.") == stands.inner_text().count("What helps: Wait.") == 2
    assert not over.locator("img").is_visible()
    over.locator("summary").press("Enter")
    assert over.locator("img").is_visible() and "flat" in over.locator("img").get_attribute("alt")


def test_time_commands_and_settings(open_page, pages, folders):
    page = open_page(pages["one"])
    rows = [row.split("\t") for row in page.locator("#speed tbody tr").all_inner_texts()]
    assert [row[0].split(":")[0] for row in rows] == ["data", "generators", "discriminators", "saving", "looking"]
    assert rows[1][1:] == ["180", "60.0 %"]
    shown = page.locator("#commands code").first.inner_text()
    page.get_by_role("button", name="Copy: python -m minicyclegan.train").press("Enter")
    page.locator("#copied:not(:empty)").wait_for()
    assert page.evaluate("getSelection().toString()") == shown and str(folders[0]) in shown
    page.locator("#settings summary").first.press("Enter")
    assert "--save-every\t1000" in page.locator("#settings table").first.inner_text()


def test_a_young_run_of_hostile_names(open_page, pages, folders):
    page = open_page(pages["young"], PHONE)
    assert page.locator("h1").inner_text() == folders[1].path.name
    assert page.locator("#summary li").all_inner_texts() == [
        WICKED,
        "gan_AB, gan_BA, D_A, D_B, cycle_A, cycle_B stopped being a number at step 11.",
        "This page was written at step 11 of 100. If training has ended since, “Go on” has the command.",
        "These are too few steps to judge the losses by.",
    ]
    assert page.get_by_text(WICKED).count() >= 3 and page.evaluate("window.hacked") is None
    assert page.locator("#samples").count() == 1 and "#alarms" in page.locator("nav a").first.get_attribute("href")


def test_several_runs(open_page, pages, folders):
    page = open_page(pages["several"])
    assert page.locator("h1").inner_text() == "2 runs compared"
    rows = [row.split("\t") for row in page.locator("#differences tbody tr").all_inner_texts()]
    assert {row[0]: row[1:] for row in rows} == {
        "steps done": ["600 of 600", "11 of 100"], "best step": ["400", "–"], "minutes": ["2.5", "0.0458"],
        "alarms": ["tint", "flat"], "--lr": ["0.0002", "0.0001"], "--steps": ["600", "100"], "steps": ["600", "100"],
    }  # fmt: skip
    figure = page.locator("#losses figure", has=page.get_by_role("heading", name="gan_AB"))
    strokes = figure.locator(".mean").evaluate_all("paths => paths.map((path) => getComputedStyle(path).stroke)")
    assert len(set(strokes)) == 2 and figure.locator(".band").count() == 1
    assert (
        page.locator("#validation figure", has=page.get_by_role("heading", name="score")).locator(".mean").count() == 1
    )
    captions = page.locator("#rows figcaption").all_inner_texts()
    assert captions == ["zebra, step 600", f"{folders[1].path.name}, step 100"]


@pytest.mark.parametrize(
    ("name", "scheme"), [("one", "light"), ("young", "dark"), ("several", "light"), ("several", "dark")]
)
def test_for_everyone(open_page, pages, name, scheme):
    """axe finds nothing, and nothing is wider than a phone."""
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(pages[name], PHONE, scheme)
    page.evaluate("document.querySelectorAll('details').forEach((folded) => (folded.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == {
        "light": "rgb(251, 250, 247)", "dark": "rgb(23, 25, 28)"
    }[scheme]  # fmt: skip


def test_an_empty_run(open_page, tmp_path, folders):
    folder = RunFolder(shutil.copytree(folders[0].path, tmp_path / "new"))
    folder.log.write_bytes(b"")
    shutil.rmtree(folder.samples)
    write_page([folder], folder.report)
    page = open_page(folder.report)
    assert page.locator("#glance > div").first.inner_text().split() == ["Not", "finished", "0", "of", "600", "steps"]
    assert page.locator("#notes li").all_inner_texts() == [f"{folder.log} is empty: no step has been logged yet."]
    assert [section.get_attribute("id") for section in page.locator("section").all()] == ["commands", "settings"]

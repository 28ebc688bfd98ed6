"""The static page in a real browser, with small networks made here: what it paints, and what it promises."""

import functools
import http.server
import io
import json
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicyclegan.shipping.onnx import ExportError
from minicyclegan.shipping.serve import make_server
from minicyclegan.shipping.site import page_files, write_page, write_site
from minicyclegan.worlds.facades_labels import COLOURS
from tests.browser import PHONE, WIDE, browser, needs_browser

pytestmark = needs_browser
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
WEBGPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
PALETTE = [{"name": name, "colour": "#{:02x}{:02x}{:02x}".format(*colour)} for name, colour in COLOURS.items()]
DIALS = [[0.6, 0.8] + 6 * [0.0], [0.8, -0.6] + 6 * [0.0]]
SIZE = 16


def save_network(path, seed, channels_in=3, channels_out=3, latent=0):
    """A network of one random convolution, tanh, and the code as a shift of the colours, in the exported form."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install -e .[export]")
    make, numbers = onnx.helper, onnx.numpy_helper.from_array
    rng = np.random.default_rng(seed)
    weights = {
        "W": rng.normal(0, 0.4, (channels_out, channels_in, 3, 3)),
        "half": np.array(127.5),
        "one": np.array(1.0),
    }
    nodes = [
        make.make_node("Cast", ["picture"], ["x"], to=onnx.TensorProto.FLOAT),
        make.make_node("Div", ["x", "half"], ["x1"]),
        make.make_node("Sub", ["x1", "one"], ["x2"]),
        make.make_node("Conv", ["x2", "W"], ["y"], pads=[1, 1, 1, 1]),
    ]
    inputs = [make.make_tensor_value_info("picture", onnx.TensorProto.UINT8, ["n", channels_in, "h", "w"])]
    if latent:
        weights["V"] = rng.normal(0, 0.3, (latent, channels_out))
        nodes += [
            make.make_node("MatMul", ["code", "V"], ["shift"]),
            make.make_node("Unsqueeze", ["shift", "axes"], ["shift4"]),
            make.make_node("Add", ["y", "shift4"], ["shifted"]),
        ]
        inputs.append(make.make_tensor_value_info("code", onnx.TensorProto.FLOAT, ["n", latent]))
    nodes += [
        make.make_node("Tanh", ["shifted" if latent else "y"], ["t"]),
        make.make_node("Add", ["t", "one"], ["t1"]),
        make.make_node("Mul", ["t1", "half"], ["t2"]),
        make.make_node("Round", ["t2"], ["t3"]),
        make.make_node("Cast", ["t3"], ["translation"], to=onnx.TensorProto.UINT8),
    ]
    output = make.make_tensor_value_info("translation", onnx.TensorProto.UINT8, ["n", channels_out, "h", "w"])
    constants = [numbers(value.astype(np.float32), name) for name, value in weights.items()]
    constants += [numbers(np.array([2, 3]), "axes")] if latent else []
    model = make.make_model(
        make.make_graph(nodes, "small", inputs, [output], constants), opset_imports=[make.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.save(model, path)


def entry(name, direction, domains, **more):
    return {
        "name": name, "file": f"models/{name}-{direction}.onnx", "direction": direction, "from": domains[0],
        "to": domains[1], "size": SIZE, "channels_in": 3, "channels_out": 3, "latent": 0, "dials": None,
        "palette": None, "example": f"models/{name}-{direction}.png", "card": f"models/{name}.txt",
        "about": "A test.", "limits": "Everywhere.", **more,
    }  # fmt: skip


ENTRIES = [
    entry("coat", "AtoB", ("horses", "zebras")),
    entry("coat", "BtoA", ("zebras", "horses")),
    entry("front", "AtoB", ("label map", "front"), latent=8, palette=PALETTE, dials=DIALS),
    entry("grey", "AtoB", ("colour", "grey"), channels_in=1, channels_out=1, example=None),
]


def noise(width, height, seed=0):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def png(picture):
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def contents(ort=None):
    return page_files(ort) | {f"models/{one['name']}.txt": b"# Model card" for one in ENTRIES}


def build(folder, ort=None):
    for room in ("models", "ort"):
        (folder / room).mkdir(parents=True)
    for seed, one in enumerate(ENTRIES):
        save_network(folder / one["file"], seed, one["channels_in"], one["channels_out"], one["latent"])
        if one["example"]:
            picture = noise(SIZE, SIZE, seed)
            if one["palette"]:
                labels = np.zeros((SIZE, SIZE), dtype=int)
                labels[4:, 3:13] = 1
                picture = Image.fromarray(np.array(list(COLOURS.values()), dtype=np.uint8)[labels])
            picture.save(folder / one["example"])
    write_page(ENTRIES, folder, contents(ort))
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build(tmp_path_factory.mktemp("page") / "site")


@pytest.fixture(scope="module")
def chromium():
    with browser(*CAMERA, *WEBGPU) as opened:
        yield opened


class Running:
    """A server in a thread, which can be stopped before its time."""

    def __init__(self, server):
        self.server = server
        self.address = f"http://127.0.0.1:{server.server_address[1]}/"
        self.thread = threading.Thread(target=server.serve_forever)
        self.thread.start()

    def stop(self):
        if self.thread.is_alive():
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()


@pytest.fixture(scope="module")
def address(site):
    running = Running(make_server(site, 0))
    yield running.address
    running.stop()


class Page:
    """A page of its own context, what it asked for and what it complained of."""

    def __init__(self, chromium, address, size=WIDE, **options):
        self.context = chromium.new_context(viewport=size, **options)
        self.context.set_default_timeout(15_000)
        self.address, self.asked, self.complaints = address, [], []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type != "log" else None)
        self.page.goto(address)
        self.wait()

    def check(self):
        """Nothing went wrong, and nothing was asked of another place."""
        assert self.complaints == []
        assert [url for url in self.asked if not url.startswith((self.address, f"blob:{self.address}"))] == []

    def __getattr__(self, name):
        return getattr(self.page, name)

    @property
    def count(self):
        return int(self.page.locator("#figures").get_attribute("data-count") or 0)

    def wait(self, beyond=0):
        """Until more than so many pictures are painted and none is under way."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if self.count > beyond and self.page.get_attribute("#result", "aria-busy") == "false":
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"nothing was painted: {self.page.text_content('#alert')} {self.complaints}")

    def painting(self, action, *arguments):
        before = self.count
        action(*arguments)
        self.wait(before)

    def open(self, content, name="picture.png"):
        self.painting(self.page.set_input_files, "#file", {"name": name, "mimeType": "image/png", "buffer": content})

    def pixels(self, canvas):
        width, height, data = self.page.evaluate(
            """id => { const c = document.getElementById(id);
            return [c.width, c.height, Array.from(c.getContext("2d").getImageData(0, 0, c.width, c.height).data)]; }""",
            canvas,
        )
        return np.array(data, dtype=np.uint8).reshape(height, width, 4)[..., :3]

    def choose(self, model):
        self.painting(self.page.get_by_label(model, exact=True).check)


@pytest.fixture(scope="module")
def shared(chromium, address):
    opened = Page(chromium, address)
    yield opened
    opened.context.close()


@pytest.fixture
def page(shared):
    """One page for many tests: each begins with the first model in its first direction, and the last one's picture."""
    shared.get_by_label("coat", exact=True).check()
    shared.wait()
    if shared.text_content("#from") != "horses":
        shared.painting(shared.get_by_role("button", name="Other direction").click)
    yield shared
    shared.check()


@functools.cache
def session(path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: pip install -e .[export]")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def expected(site, number, picture, code=None):
    """What ONNX Runtime in Python paints, (H, W, 3) uint8."""
    one = ENTRIES[number]
    if one["channels_in"] == 1:
        picture = np.array(Image.fromarray(picture).convert("L"))[..., None]
    feeds = {"picture": np.ascontiguousarray(picture.transpose(2, 0, 1)[None])}
    if one["latent"]:
        feeds["code"] = np.array([code if code is not None else [0.0] * 8], dtype=np.float32)
    (answer,) = session(str(site / one["file"])).run(None, feeds)
    return np.broadcast_to(answer[0].transpose(1, 2, 0), (*picture.shape[:2], 3))


def same(a, b, tolerance=1):
    return a.shape == b.shape and np.abs(a.astype(int) - b.astype(int)).max() <= tolerance


def test_a_picture_is_painted_as_in_python(page, site):
    for width, height in [(24, 15), (1, 1), (32, 32), (7, 31)]:
        picture = noise(width, height, width)
        page.open(png(picture))
        assert (page.pixels("before") == np.array(picture)).all()
        assert same(page.pixels("after"), expected(site, 0, np.array(picture)))
    assert "7 × 31 px, painted in" in page.text_content("#figures")
    assert "WebAssembly" in page.text_content("footer")


def test_directions_turn_and_the_result_goes_back(page, site):
    picture = noise(20, 12)
    page.open(png(picture))
    there = page.pixels("after")
    page.painting(page.get_by_role("button", name="Other direction").click)
    assert page.text_content("#from") == "zebras"
    assert same(page.pixels("after"), expected(site, 1, np.array(picture))), "the user's picture stays"
    page.painting(page.get_by_role("button", name="Other direction").click)
    page.painting(page.get_by_role("button", name="Send the result back").click)
    assert (page.pixels("before") == there).all()
    assert same(page.pixels("after"), expected(site, 1, there))


def test_a_grey_model_takes_and_gives_grey(page, site):
    picture = noise(20, 12)
    page.open(png(picture))
    page.choose("grey")
    assert same(page.pixels("after"), expected(site, 3, np.array(picture)))


def test_without_a_picture_the_page_asks_for_one(chromium, address):
    page = Page(chromium, address)
    page.get_by_label("grey", exact=True).check()
    page.wait_for_selector("#empty", state="visible")
    assert page.is_disabled("#save")
    page.open(png(noise(9, 9)))
    assert not page.is_visible("#empty")
    page.check()
    page.context.close()


def test_large_and_transparent_pictures(page):
    page.open(png(Image.new("RGB", (3000, 1500), (200, 30, 30))))
    assert "32 × 16 px, scaled down from 3000 × 1500" in page.text_content("#figures")
    assert (page.pixels("before") == [200, 30, 30]).all()
    page.painting(page.select_option, "#detail", "128")
    assert page.pixels("after").shape == (64, 128, 3)
    page.open(png(Image.new("RGBA", (8, 8), (0, 0, 0, 0))))
    assert (page.pixels("before") == 255).all(), "laid on white"


def test_a_broken_file_gives_a_message_and_loses_nothing(page):
    before = page.pixels("after")
    for content in (b"no picture", b"", png(noise(9, 9))[:60]):
        page.set_input_files("#file", {"name": "holiday.jpg", "mimeType": "image/jpeg", "buffer": content})
        page.get_by_role("alert").filter(has_text="holiday.jpg can't be read as a picture").wait_for()
        assert (page.pixels("after") == before).all()
    page.open(png(noise(9, 9)))
    assert page.text_content("#alert") == ""


TRANSFER = """([kind, content, type]) => {
  const transfer = new DataTransfer();
  if (content) transfer.items.add(new File([new Uint8Array(content)], "a file", {type}));
  const event = kind === "paste" ? new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true})
                                 : new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true});
  document.body.dispatchEvent(event);
}"""


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_pictures_are_dropped_and_pasted(page, site, kind):
    picture = noise(14, 10)
    page.painting(page.evaluate, TRANSFER, [kind, list(png(picture)), "image/png"])
    assert same(page.pixels("after"), expected(site, 0, np.array(picture)))
    page.evaluate(TRANSFER, [kind, None, ""])
    page.get_by_role("alert").filter(has_text="no ").wait_for()


def test_the_slider_between_before_and_after_goes_by_pointer_and_by_keyboard(page):
    page.locator("#split").focus()
    page.keyboard.press("Home")
    assert page.evaluate("getComputedStyle(document.getElementById('before')).clipPath") == "inset(0px 100% 0px 0px)"
    box = page.locator("#pictures").bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    assert abs(int(page.input_value("#split")) - 75) <= 3


def test_dials_and_another_style_choose_the_code(page, site):
    page.choose("front")
    drawn = page.pixels("map")
    assert same(page.pixels("after"), expected(site, 2, drawn))
    page.painting(page.locator("#style0").fill, "1.5")
    page.painting(page.locator("#style1").fill, "-2")
    code = 1.5 * np.array(DIALS[0]) - 2 * np.array(DIALS[1])
    assert same(page.pixels("after"), expected(site, 2, drawn, code))
    before = page.pixels("after")
    page.painting(page.get_by_role("button", name="Another style").click)
    assert np.abs(page.pixels("after").astype(int) - before).max() > 8
    assert page.input_value("#style0") != "1.5"


def labels(page):
    """The map as class numbers; every cell has a colour of the palette."""
    distance = (page.pixels("map")[:, :, None].astype(int) - np.array(list(COLOURS.values()))) ** 2
    assert (distance.sum(-1).min(-1) == 0).all()
    return distance.sum(-1).argmin(-1)


def draw_example(page):
    page.choose("front")
    page.painting(page.get_by_role("button", name="Clear").click)
    page.painting(page.get_by_role("button", name="Example").click)


def drag(page, start, end):
    """From the middle of one cell (x, y) to that of another."""
    box = page.locator("#map").bounding_box()
    step = box["width"] / SIZE
    at = [(box["x"] + (x + 0.5) * step, box["y"] + (y + 0.5) * step) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=4)
    page.mouse.up()


def test_the_front_is_repainted_while_one_draws(page, site):
    draw_example(page)
    example = labels(page)
    assert (example[4:, 3:13] == 1).all()
    page.get_by_label("Rectangle").check()
    page.get_by_label("door").check()
    page.painting(drag, page, (5, 6), (9, 12))
    wanted = example.copy()
    wanted[6:13, 5:10] = list(COLOURS).index("door")
    assert (labels(page) == wanted).all()
    assert same(page.pixels("after"), expected(site, 2, page.pixels("map")))

    page.get_by_label("Brush", exact=True).check()
    page.locator("#width").fill("1")
    page.get_by_label("plant").check()
    page.painting(drag, page, (0, 0), (15, 15))
    assert (np.diag(labels(page)) == list(COLOURS).index("plant")).all(), "no gaps, however fast"
    assert (labels(page) != wanted).sum() <= 31
    page.painting(page.get_by_role("button", name="Undo").click)
    assert (labels(page) == wanted).all()
    page.painting(page.get_by_role("button", name="Clear").click)
    assert (labels(page) == 0).all()
    page.painting(page.get_by_role("button", name="Undo").click)
    page.painting(page.get_by_role("button", name="Undo").click)
    assert (labels(page) == example).all()
    page.painting(page.get_by_role("button", name="Undo").click)  # the example itself was a change
    assert (labels(page) == 0).all()
    page.painting(page.get_by_role("button", name="Example").click)
    assert (labels(page) == example).all()


def test_drawing_by_keyboard(page, site):
    draw_example(page)
    example = labels(page)
    page.locator("#map").focus()
    press = page.keyboard.press
    for key in ["r", "3", *2 * ["Shift+ArrowLeft"], *2 * ["Shift+ArrowUp"], "ArrowRight"]:  # 3: window
        press(key)
        page.locator("#map").focus()
    press("Enter")  # a corner at (1, 0)
    press("ArrowDown")
    press("ArrowRight")
    press("Enter")
    page.wait()
    wanted = example.copy()
    wanted[0:2, 1:3] = 2
    assert (labels(page) == wanted).all()
    assert "window painted" in page.text_content("#say")
    press("b")
    assert page.is_checked('input[value="brush"]')
    page.locator("#map").focus()
    press("Shift+ArrowDown")
    page.painting(press, "Space")
    assert labels(page)[9, 2] == 2
    assert same(page.pixels("after"), expected(site, 2, page.pixels("map")))
    page.painting(press, "z")
    press("r")
    page.locator("#map").focus()
    press("Enter")
    press("ArrowDown")
    press("Escape")
    page.wait()
    assert (labels(page) == wanted).all()


def test_any_picture_becomes_a_label_map_of_the_palette(page, site):
    page.choose("front")
    page.open(png(noise(40, 20)))
    assert len(np.unique(labels(page))) > 4
    assert same(page.pixels("after"), expected(site, 2, page.pixels("map")))
    kept = labels(page)
    page.choose("coat")
    page.choose("front")
    assert (labels(page) == kept).all(), "a drawing outlives a look at another model"


def test_the_camera_is_painted_live_and_stops(page, site):
    start = page.count
    page.get_by_role("button", name="Camera").click()
    page.wait(start + 5)
    page.get_by_role("button", name="Hold this picture").click()
    page.wait()
    page.wait_for_timeout(100)
    count = page.count
    assert page.pixels("before").std() > 5, "Chromium's test picture"
    assert same(page.pixels("after"), expected(site, 0, page.pixels("before")))
    page.wait_for_timeout(200)
    assert page.count == count
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_a_camera_that_is_refused_gives_a_message(page):
    page.evaluate(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }; 0"
    )
    page.get_by_role("button", name="Camera").click()
    page.get_by_role("alert").filter(has_text="may not use the camera").wait_for()
    page.evaluate("delete navigator.mediaDevices.getUserMedia")


def test_the_result_is_saved_and_shared(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.suggested_filename == "coat-AtoB.png"
    with Image.open(download.value.path()) as saved:
        assert (np.array(saved.convert("RGB")) == page.pixels("after")).all()
    # A browser without a menu for sharing gets no button; here is one with it.
    assert not page.is_visible("#share")
    page.evaluate("navigator.share = async ({files}) => { window.shared = files[0].name; }; 0")
    page.evaluate("document.getElementById('share').hidden = false")
    page.get_by_role("button", name="Share").click()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shared") == "coat-AtoB.png"
    page.evaluate("document.getElementById('share').hidden = true")


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_no_violations_of_accessibility_and_no_overflow(chromium, address, size, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: .[browser]")
    page = Page(chromium, address, size, color_scheme=scheme)
    for model in ("coat", "front"):
        page.get_by_label(model, exact=True).check()
        page.wait()
        results = axe.Axe().run(page.page)
        assert results.violations_count == 0, results.generate_report()
        width, inside = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= inside
    assert "no picture leaves it" in page.text_content("header")
    page.check()
    page.context.close()


def test_it_is_isolated_by_its_own_headers_and_uses_threads(page):
    assert page.evaluate("self.crossOriginIsolated")
    threads = min(4, page.evaluate("navigator.hardwareConcurrency"))
    assert f"threads: {threads}" in page.text_content("footer")


class Plain(http.server.SimpleHTTPRequestHandler):
    """Python's own server: a static host that sends no headers of ours."""

    def log_message(self, *args):
        pass


def test_on_a_plain_static_host_under_a_path_it_isolates_itself_and_works_offline(chromium, site, tmp_path):
    shutil.copytree(site, tmp_path / "pages" / "demo")
    plain = functools.partial(Plain, directory=str(tmp_path / "pages"))
    running = Running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), plain))
    address = running.address + "demo/"
    page = Page(chromium, address)
    try:
        page.locator("#offline").filter(has_text="works without a network").wait_for()
        assert page.evaluate("self.crossOriginIsolated"), "by its service worker, after one reload"
        page.check()
        running.stop()
        for again in (address, address + "?engine=wasm", address + "index.html"):
            page.goto(again)
            page.wait()
            picture = noise(11, 9)
            page.open(png(picture))
            assert same(page.pixels("after"), expected(site, 0, np.array(picture)))
        page.choose("front")
        assert same(page.pixels("after"), expected(site, 2, page.pixels("map"))), "also what had not been looked at"
    finally:
        page.context.close()
        running.stop()


def test_a_new_version_of_the_site_is_seen_at_once(chromium, tmp_path):
    folder = build(tmp_path / "site")
    running = Running(make_server(folder, 0))
    page = Page(chromium, running.address)
    try:
        page.locator("#offline").filter(has_text="works without a network").wait_for()
        write_page([one | {"name": "new"} for one in ENTRIES[:1]], folder, {})
        page.reload()
        page.wait()
        page.locator("#offline").filter(has_text="works without a network").wait_for()
        assert page.text_content("#models label") == "new"
        kept = page.evaluate("caches.open('minicyclegan /').then(c => c.keys()).then(k => k.map(r => r.url))")
        assert not any("front" in url for url in kept), "what is gone is forgotten"
    finally:
        page.context.close()
        running.stop()


def test_a_model_that_can_not_be_loaded_gives_a_message(chromium, tmp_path):
    folder = build(tmp_path / "site")
    (folder / ENTRIES[1]["file"]).write_bytes(b"no model")
    running = Running(make_server(folder, 0))
    page = Page(chromium, running.address)
    try:
        page.get_by_role("button", name="Other direction").click()
        page.get_by_role("alert").filter(has_text="The network could not be loaded").wait_for()
        page.painting(page.get_by_role("button", name="Other direction").click)
    finally:
        page.context.close()
        running.stop()


ORT = os.environ.get("MINICYCLEGAN_ORT")


@pytest.mark.skipif(not ORT, reason="MINICYCLEGAN_ORT does not name the dist folder of npm's onnxruntime-web")
def test_webgpu_paints_the_same_values(chromium, tmp_path):
    folder = build(tmp_path / "site", Path(ORT))
    running = Running(make_server(folder, 0))
    page = Page(chromium, running.address)
    try:
        picture = noise(24, 15)
        page.open(png(picture))
        assert "WebGPU" in page.text_content("footer")
        assert same(page.pixels("after"), expected(folder, 0, np.array(picture)))
        page.goto(running.address + "?engine=wasm")
        page.wait()
        assert "WebAssembly" in page.text_content("footer")
    finally:
        page.context.close()
        running.stop()


def test_the_site_is_complete_and_says_what_it_holds(site):
    assert json.loads((site / "models.json").read_text(encoding="utf-8")) == ENTRIES
    runtime = json.loads((site / "ort" / "ort.json").read_text(encoding="utf-8"))
    assert (runtime["version"], runtime["licence"], runtime["webgpu"]) == ("1.30.0", "MIT", False)
    assert {path.name for path in (site / "ort").iterdir()} == {"LICENSE", "ort.json", *runtime["files"]}


def test_an_ort_folder_that_is_none_and_a_damaged_runtime_are_named(tmp_path, monkeypatch):
    with pytest.raises(ExportError, match=r"no ort\.webgpu\.min\.mjs in it"):
        write_site({}, tmp_path / "site", tmp_path)
    web = tmp_path / "web"
    shutil.copytree("minicyclegan/shipping/web", web)
    shutil.copy(web / "ort" / "ort.wasm.min.mjs.gz", web / "ort" / "ort-wasm-simd-threaded.mjs.gz")
    monkeypatch.setattr("minicyclegan.shipping.site.WEB", web)
    with pytest.raises(ExportError, match=r"simd-threaded\.mjs\.gz: damaged"):
        write_site({}, tmp_path / "site")
    assert not (tmp_path / "site").exists()

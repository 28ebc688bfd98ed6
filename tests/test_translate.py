"""python -m minicyclegan.translate, run as a user runs it."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, ImageOps, features

import minicyclegan
from minicyclegan.data.images import read_picture, to_array, write_picture
from minicyclegan.files import WriteError
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.shipping.files import collect, name_outputs
from minicyclegan.shipping.translator import Translator
from minicyclegan.training.checkpoint import CheckpointError, save_checkpoint
from minicyclegan.translate import main

pytestmark = pytest.mark.filterwarnings("error")


def command(*arguments: object) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "minicyclegan.translate", *map(str, arguments), "--device", "cpu"]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="session")
def checkpoint(tiny_run) -> Path:
    return tiny_run / "checkpoint.pt"


@pytest.fixture(scope="session")
def grey_run(tmp_path_factory) -> Path:
    """A checkpoint from grey pictures (A) to coloured ones (B)."""
    config = {"channels_A": 1, "channels_B": 3, "width": 2, "disc_width": 2, "blocks": 1, "lambda_identity": 0.0}
    model = CycleGAN(CycleGANConfig(**config))
    path = tmp_path_factory.mktemp("grey") / "checkpoint.pt"
    settings = {"data": ["horse2zebra"], "size": 32, "direction": "AtoB"}
    content = {"config": config, "settings": settings, "training": model.training_state(), "model": "cyclegan"}
    save_checkpoint(path, {**content, "step": 0})
    return path


def noise(height: int = 12, width: int = 20, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.fixture
def draw(tmp_path):
    """Saves a picture of noise and returns its path."""

    def draw(name: str, height: int = 12, width: int = 20, **options: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(height, width, seed=len(name))).save(path, **options)
        return path

    return draw


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_pictures_and_folders_good_and_bad(tiny_run, draw, tmp_path):
    draw("in/horse.png", 33, 65)
    draw("in/meadow.jpg", 30, 200)
    (tmp_path / "in" / "._meadow.jpg").write_bytes(b"resource fork")
    (tmp_path / "in" / "notes.txt").write_text("not a picture, not asked for", encoding="utf-8")
    cut = draw("in/cut.png", 64, 64)
    cut.write_bytes(cut.read_bytes()[:3000])
    text = tmp_path / "text.gif"
    text.write_text("not a picture, but asked for", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    tiny = draw("tiny.bmp", 1, 1)
    missing, out = tmp_path / "missing.png", tmp_path / "deep" / "out"
    result = command(tiny_run, tmp_path / "in", text, missing, tmp_path / "empty", tiny, "--out", out)
    assert result.returncode == 1 and "Traceback" not in result.stderr and "Warning" not in result.stderr
    errors = sorted(line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert errors == sorted([
        f"error: {cut}: broken picture (image file is truncated)",
        f"error: {text}: not a picture that Pillow can read",
        f"error: {missing}: no such file",
        f"error: {tmp_path / 'empty'}: no pictures in this folder",
    ])  # fmt: skip
    lines = [f"{tiny_run}: best of the run: step 2 of 2", f"3 pictures translated AtoB into {out}"]
    assert result.stdout.splitlines() == lines
    assert names_in(out) == ["horse.png", "meadow.jpg", "tiny.bmp"]
    for name, size in (("horse.png", (65, 33)), ("meadow.jpg", (200, 30)), ("tiny.bmp", (1, 1))):
        with Image.open(out / name) as image:
            image.load()
            assert image.size == size and image.mode == "RGB"


def test_success_is_0_and_writes_what_the_library_returns(checkpoint, draw, tmp_path):
    source = draw("a.png")
    result = command(checkpoint, source, "--direction", "BtoA", "--out", tmp_path / "out")
    assert result.returncode == 0 and result.stderr == ""
    lines = [f"{checkpoint}: step 2 of 2", f"1 picture translated BtoA into {tmp_path / 'out'}"]
    assert result.stdout.splitlines() == lines
    expected = minicyclegan.load(checkpoint).translate(source, "BtoA")
    assert read_picture(tmp_path / "out" / "a.png").tobytes() == expected.tobytes()


def test_a_photo_that_was_taken_upright_stays_so(checkpoint, tmp_path):
    """The command, a path, Pillow's picture and a list of it: one answer, turned once."""
    photo, exif = Image.fromarray(noise(70, 90)).resize((90, 70)), Image.Exif()
    exif[0x0112] = 6
    source = tmp_path / "a photo [Müller] #1.jpg"
    photo.save(
        source, exif=exif, quality=95, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    result = command(checkpoint, source, "--out", tmp_path / "out")
    assert result.returncode == 0 and result.stderr == "", result.stderr
    upright, model = ImageOps.exif_transpose(Image.open(source)), minicyclegan.load(checkpoint)
    expected = model.translate(np.asarray(upright))
    assert expected.shape == (90, 70, 3)
    with Image.open(source) as opened:
        for answer in (model.translate(source), model.translate(opened), *model.translate([str(source), opened])):
            np.testing.assert_array_equal(np.asarray(answer), expected)
    write_picture(Image.fromarray(expected), tmp_path / "expected.jpg")
    assert (tmp_path / "out" / source.name).read_bytes() == (tmp_path / "expected.jpg").read_bytes()


def test_what_is_left_out_of_a_file_is_said_in_one_line(checkpoint, tmp_path):
    still, other = (Image.fromarray(noise(seed=seed)) for seed in range(2))
    names = ["pages.tif", "moving.gif", "moving.png", "moving.webp", "phone.mpo"]
    for name in names:
        still.save(tmp_path / name, save_all=True, append_images=[other])
    sixteen = np.arange(12 * 20, dtype=np.uint16).reshape(12, 20) * 17
    Image.fromarray(sixteen).save(tmp_path / "deep.png")
    result = command(checkpoint, *(tmp_path / name for name in [*names, "deep.png"]), "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    notes = [line for line in result.stdout.splitlines() if line.startswith("note: ")]
    assert len(notes) == 2 and "Warning" not in result.stderr
    assert notes[0].startswith("note: nearly black: 16 bits") and notes[0].endswith(f": {tmp_path / 'deep.png'}")
    some = ", ".join(str(tmp_path / name) for name in sorted(names)[:3])
    assert notes[1] == f"note: only the first of several pictures in one file is used: {some} and 2 more"
    assert len(names_in(tmp_path / "out")) == 6


def test_pictures_far_larger_than_what_was_learned_are_said_in_one_line(checkpoint, draw, tmp_path, capsys):
    """The tiny run learned at 32 px."""
    draw("in/fine.png", 127, 300), draw("in/large.jpg", 128, 500), draw("in/tall.png", 300, 200)
    assert main([str(checkpoint), str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 0
    (note,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert note == (
        "note: much larger than the 32 px that it learned at, so what it paints comes out small; --size 32 scales down "
        f"first: {tmp_path / 'in' / 'large.jpg'} (500 x 128 px), {tmp_path / 'in' / 'tall.png'} (200 x 300 px)"
    )


def test_what_was_learned_of_a_shorter_side_is_of_that_size(checkpoint, draw, tmp_path, capsys):
    content = torch.load(checkpoint, weights_only=True)
    content["settings"]["load_size"] = 48
    torch.save(content, tmp_path / "cuts.pt")
    draw("in/fine.png", 191, 300), draw("in/large.png", 192, 300)
    assert main([str(tmp_path / "cuts.pt"), str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    (note,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert "--size 48" in note and "large.png" in note and "fine.png" not in note


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_size_scales_larger_pictures_down_and_says_so(checkpoint, draw, tmp_path, capsys, kind):
    source, small = tmp_path / "a.png", draw("small.png", 12, 300)
    grey = np.linspace(0, 1, 300)[None].repeat(200, 0) * (255 if kind == "uint8" else 65535)
    array = grey.astype(kind)
    Image.fromarray(np.stack([array] * 3 + [array // 2], axis=-1) if kind == "uint8" else array).save(source)
    given = [str(checkpoint), str(source), str(small), "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert main([*given, "--size", "32"]) == 0
    said = capsys.readouterr().out
    assert "note: " not in said
    assert f"2 pictures translated AtoB into {tmp_path / 'out'}, of at most 32 px to the shorter side" in said
    with Image.open(tmp_path / "out" / "a.png") as image, Image.open(tmp_path / "out" / "small.png") as untouched:
        assert image.size == (48, 32) and untouched.size == (300, 12)
        assert image.mode == ("RGBA" if kind == "uint8" else "RGB")
        if kind == "uint8":
            assert np.abs(np.asarray(image)[0, :, 3] - np.linspace(0, 127, 48)).max() < 4
        else:
            assert image.tile[0].args[:6] == "RGB;16"
    with pytest.raises(SystemExit) as stopped:
        main([*given, "--size", "7"])
    assert stopped.value.code == 2 and "--size: must be at least 8, not 7" in capsys.readouterr().err


def test_usage_errors_are_2(tiny_run, draw, tmp_path):
    file = draw("a.png")
    for arguments, said in (
        ((tiny_run, file), "--out"),
        ((tiny_run, "--out", tmp_path / "out"), "PICTURE"),
        ((tiny_run, file, "--out", tmp_path / "out", "--direction", "AtoC"), "AtoC"),
        ((tiny_run, file, "--out", file), f"--out {file} is a file; give a folder"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(list(map(str, arguments)))
        assert stopped.value.code == 2, said
    result = command(tiny_run, file, "--out", file)
    assert result.returncode == 2 and f"--out {file} is a file; give a folder" in result.stderr


def test_ctrl_c_is_130_and_leaves_only_whole_pictures(tiny_run, draw, tmp_path):
    pictures = [draw(f"in/{index}.png", 400, 400) for index in range(60)]
    line = [sys.executable, "-m", "minicyclegan.translate", tiny_run, tmp_path / "in", "--out", tmp_path / "out"]
    process = subprocess.Popen(list(map(str, line)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "out").glob("*.png"))) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    written = names_in(tmp_path / "out")
    assert 3 <= len(written) < len(pictures) and all(name.endswith(".png") for name in written)
    for name in written:
        assert read_picture(tmp_path / "out" / name).size == (400, 400)


def damage(content: dict, kind: str) -> dict:
    if kind == "no config":
        del content["config"]
    elif kind == "an unknown setting":
        content["config"]["whiskers"] = 3
    elif kind == "a setting of another type":
        content["config"]["width"] = "wide"
    elif kind == "no networks":
        content["training"] = None
    elif kind == "a missing weight":
        content["training"]["networks"].popitem()
    elif kind == "another width":
        content["config"]["width"] = 4
    elif kind == "no settings":
        del content["settings"]
    return content


@pytest.mark.parametrize(
    "kind",
    ["no config", "an unknown setting", "a setting of another type", "no networks", "a missing weight",
     "another width", "no settings"],
)  # fmt: skip
def test_a_checkpoint_without_its_parts_is_one_clear_error(checkpoint, tmp_path, kind):
    path = tmp_path / "checkpoint.pt"
    torch.save(damage(torch.load(checkpoint, weights_only=True), kind), path)
    with pytest.raises(CheckpointError) as error:
        minicyclegan.load(path)
    assert str(error.value).startswith(f"{path}: a damaged checkpoint (") and "\n" not in str(error.value)


class Mischief:
    """What an attacker puts into a pickle: a command that runs on loading."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path, draw):
    source, trace = draw("a.png"), tmp_path / "trace"
    for name, save in (("zip.pt", torch.save), ("plain.pt", lambda x, path: path.write_bytes(pickle.dumps(x)))):
        path = tmp_path / name
        save({"format": 1, "config": Mischief(trace)}, path)
        with pytest.raises(CheckpointError, match=name):
            minicyclegan.load(path)
    result = command(tmp_path / "zip.pt", source, "--out", tmp_path / "out")
    assert result.returncode == 1 and result.stderr.startswith(f"error: {tmp_path / 'zip.pt'}: ")
    assert "Traceback" not in result.stderr and len(result.stderr.splitlines()) == 1
    assert not trace.exists() and not (tmp_path / "out").exists()


def test_no_run_and_no_checkpoint(checkpoint, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "cut.pt").write_bytes(checkpoint.read_bytes()[:5000])
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "text.pt").write_text("hello", encoding="utf-8")
    torch.save({"weights": torch.zeros(2)}, tmp_path / "other.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"format": 99}, tmp_path / "newer.pt")
    for name, said in (
        ("missing", "no such run or checkpoint"),
        ("folder", "no checkpoint.pt in it; is it a run's folder?"),
        ("cut.pt", "not a readable checkpoint"),
        ("empty.pt", "not a readable checkpoint"),
        ("text.pt", "not a readable checkpoint"),
        ("other.pt", "not a checkpoint of minicyclegan, and not a network of the original code: 'weights' is no key"),
        ("list.pt", "not a checkpoint of minicyclegan, and expected a state dict, got list"),
        ("newer.pt", "checkpoint format 99; this version reads format 1"),
    ):
        with pytest.raises(CheckpointError, match=said) as error:
            minicyclegan.load(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name))


def test_an_out_folder_that_cannot_be_made(tiny_run, draw, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WriteError, match=r"out: can't be written: not a directory$"):
        main([str(tiny_run), str(draw("a.png")), "--out", str(tmp_path / "file" / "out"), "--device", "cpu"])


def test_nothing_is_left_of_a_picture_that_cannot_be_written(tiny_run, draw, tmp_path, monkeypatch, capsys):
    sources = [draw("a.png"), draw("b.png")]
    replace = Path.replace

    def full_disk(self: Path, target: Path) -> Path:
        if target.name == "a.png":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full_disk)
    status = main([str(tiny_run), *map(str, sources), "--out", str(tmp_path / "out"), "--device", "cpu"])
    assert status == 1 and names_in(tmp_path / "out") == ["b.png"]
    assert "a.png: can't be written (No space left on device)" in capsys.readouterr().err


def fail_for_want_of_memory(*_: object, **__: object) -> None:
    torch.empty(2**50)


def fail_otherwise(*_: object, **__: object) -> None:
    raise RuntimeError("expected 3 channels\nand more")


@pytest.mark.parametrize(
    ("mishap", "said"),
    [
        (fail_for_want_of_memory, "could not be translated: too large for the memory; make a smaller copy"),
        (lambda *_, **__: np.empty(2**50), "could not be translated: too large for the memory; make a smaller copy"),
        (fail_otherwise, "could not be translated: expected 3 channels and more"),
    ],
)
def test_memory_is_said_of_memory_only(tiny_run, draw, tmp_path, monkeypatch, capsys, mishap, said):
    monkeypatch.setattr(Translator, "_run", mishap)
    source = draw("a.png")
    assert main([str(tiny_run), str(source), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 1
    assert capsys.readouterr().err == f"error: {source}: {said}\n"
    assert names_in(tmp_path / "out") == []


def test_a_model_too_large_for_the_memory_is_not_called_damaged(checkpoint, tmp_path, monkeypatch):
    content = torch.load(checkpoint, weights_only=True)
    content["config"]["width"] = 2**40
    torch.save(content, tmp_path / "wide.pt")
    with pytest.raises(CheckpointError, match=r"wide\.pt: too large for the memory that is free$"):
        minicyclegan.load(tmp_path / "wide.pt")
    monkeypatch.setattr(torch, "load", fail_for_want_of_memory)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: too large for the memory that is free$"):
        minicyclegan.load(checkpoint)


def test_a_source_is_never_overwritten(tiny_run, draw, tmp_path, capsys):
    sources = [draw("in/a.png"), draw("in/b.gif"), draw("other/c.png"), draw("in/c_png.png"), draw("more/c.png")]
    before = {path: path.read_bytes() for path in sources}
    status = main([str(tiny_run), *map(str, sources), "--out", str(tmp_path / "in"), "--device", "cpu"])
    assert status == 1 and all(path.read_bytes() == content for path, content in before.items())
    errors = capsys.readouterr().err
    assert f"{sources[0]}: its translation would overwrite {sources[0]}; give another --out" in errors
    assert f"{sources[3]}: its translation would overwrite {sources[3]}; give another --out" in errors
    assert "b.png" in names_in(tmp_path / "in") and len(names_in(tmp_path / "in")) == 3 + 3


def outputs(*sources: Path) -> list[str]:
    return [target.name for _, target in name_outputs(list(sources), Path("out"))]


def test_names_that_clash_are_told_apart(draw, tmp_path):
    files = [draw("x/a.png"), draw("x/b.gif"), draw("y/b.png"), draw("y/a.PNG"), draw("z/A.png"), draw("x/c.jpg"),
             draw("x/a_png.png")]  # fmt: skip
    assert outputs(*files) == ["a_png_2.png", "b_gif.png", "b_png.png", "a_png_3.png", "A_png_4.png", "c.jpg",
                               "a_png.png"]  # fmt: skip
    assert outputs(draw("x/c.png"), draw("x/c.jpg")) == ["c.png", "c.jpg"]
    plain = tmp_path / "d"
    plain.write_bytes(files[0].read_bytes())
    assert outputs(plain, draw("d.gif")) == ["d.png", "d_gif.png"]


def test_a_file_that_is_named_twice_is_translated_once(draw, tmp_path, monkeypatch):
    file = draw("in/a.png")
    monkeypatch.chdir(tmp_path)
    problems: list[str] = []
    assert collect([file, tmp_path / "in", Path("in/a.png"), Path("in/../in/a.png")], problems) == [file]
    assert problems == []


def test_types_are_kept_where_they_are_lossless_or_made_for_photos(draw, tmp_path):
    kept = ["a.png", "b.jpg", "c.JPEG", "d.webp", "e.bmp", "f.tif", "g.tiff", "h.ppm", "i.tga", "j.jp2"]
    kept += ["k.avif"] * features.check("avif")  # not every version of Pillow can
    assert outputs(*map(draw, kept)) == [f"{Path(name).stem}{Path(name).suffix.lower()}" for name in kept]
    assert outputs(draw("l.gif"), draw("m.ico"), draw("n.pcx")) == ["l.png", "m.png", "n.png"]
    still = Image.new("RGB", (8, 8), "red")
    moving = {"save_all": True, "append_images": [Image.new("RGB", (8, 8), "blue")]}
    for name in ("o.gif", "p.webp", "q.png", "r.tif"):
        still.save(tmp_path / name, **moving)
    assert outputs(*(tmp_path / name for name in ("o.gif", "p.webp", "q.png", "r.tif"))) == [
        "o.png", "p.png", "q.png", "r.tif"
    ]  # fmt: skip


def test_every_type_is_written_as_what_it_is_called(tiny_run, draw, tmp_path):
    sources = [draw(f"in/{k}{suffix}") for k, suffix in enumerate((".png", ".jpg", ".webp", ".bmp", ".tif", ".gif"))]
    Image.new("RGB", (8, 8), "red").save(
        tmp_path / "in" / "6.webp", save_all=True, append_images=[Image.new("RGB", (8, 8), "blue")], lossless=True
    )
    sources.append(tmp_path / "in" / "6.webp")
    assert main([str(tiny_run), *map(str, sources), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 0
    found = {}
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as image:
            found[path.name] = image.format
    assert found == {"0.png": "PNG", "1.jpg": "JPEG", "2.webp": "WEBP", "3.bmp": "BMP", "4.tif": "TIFF",
                     "5.png": "PNG", "6.png": "PNG"}  # fmt: skip
    translator = minicyclegan.load(tiny_run)
    with pytest.warns(UserWarning, match="only the first of several pictures"):
        assert read_picture(tmp_path / "out" / "6.png").tobytes() == translator.translate(sources[-1]).tobytes()
    first = translator.translate(Image.new("RGB", (8, 8), "red"))
    assert read_picture(tmp_path / "out" / "6.png").tobytes() == first.tobytes()


def test_grey_to_colour_and_back(grey_run, draw, tmp_path):
    translator = minicyclegan.load(grey_run)
    source = draw("a.png", 13, 22)
    coloured, grey = translator.translate(source), translator.translate(source, "BtoA")
    assert (coloured.mode, grey.mode) == ("RGB", "L") and coloured.size == grey.size == (22, 13)
    array = to_array(read_picture(source, 1))
    for picture in (array, array[:, :, 0], to_array(read_picture(source))):
        np.testing.assert_array_equal(translator.translate(picture), to_array(coloured))
    assert translator.translate(array, "BtoA").shape == (13, 22, 1)
    assert translator.translate(torch.zeros(2, 1, 8, 9)).shape == (2, 3, 8, 9)
    for direction, mode in (("AtoB", "RGB"), ("BtoA", "L")):
        out = tmp_path / direction
        arguments = [grey_run, source, draw("b.jpg"), "--out", out, "--direction", direction, "--device", "cpu"]
        assert main(list(map(str, arguments))) == 0
        for name in ("a.png", "b.jpg"):
            with Image.open(out / name) as image:
                assert image.mode == mode

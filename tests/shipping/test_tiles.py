"""shipping/tiles.py: in tiles as whole, at any size, in bounded memory; and the command that chooses."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

import minicyclegan
from minicyclegan.data.colours import PictureError
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.networks import ResnetGenerator, UnetGenerator
from minicyclegan.shipping import tiles
from minicyclegan.shipping.tiles import Plan, Tiles, plan, whole_memory
from minicyclegan.shipping.translator import Translator
from minicyclegan.translate import main
from tests.shipping.original_networks import original_resnet, randomised
from tests.test_translate import noise

CPU = torch.device("cpu")
SIZES = [(8, 8), (3, 50), (50, 3), (64, 64), (65, 33), (33, 65), (31, 129), (97, 200), (200, 97), (121, 121), (4, 260),
         (161, 99)]  # fmt: skip


def generator(**options: object) -> ResnetGenerator:
    """Of strong answers, and with statistics of its own where its norms keep some."""
    draw = torch.Generator().manual_seed(0)
    G = ResnetGenerator(**{"width": 4, "blocks": 2} | options, generator=draw).eval()
    with torch.no_grad():
        for weight in G.parameters():
            if weight.ndim == 4:
                nn.init.kaiming_normal_(weight, generator=draw)
        G.head.weight *= 0.4
        for norm in G.modules():
            if isinstance(norm, nn.BatchNorm2d):
                for values in (norm.running_var, norm.weight):
                    values.uniform_(0.5, 1.5, generator=draw)
                for values in (norm.running_mean, norm.bias):
                    values.uniform_(-0.3, 0.3, generator=draw)
    return G


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> torch.Tensor:
    """Brighter to the right and to the bottom: no two tiles are alike."""
    draw = torch.Generator().manual_seed(seed)
    light = torch.linspace(-0.7, 0.3, height)[:, None] + torch.linspace(-0.3, 0.7, width)  # (H, W)
    return (light + 0.3 * torch.randn(1, channels, height, width, generator=draw)).clamp(-1, 1)


def translator(G: nn.Module, channels: int = 3) -> Translator:
    return Translator({"AtoB": (G, channels)}, CPU, {})


def in_tiles(G: ResnetGenerator, x: torch.Tensor, tile: int, on_disk: bool = False) -> torch.Tensor:
    arrays = from_tensor(x, "float32")  # (N, H, W, C)
    return to_tensor(np.stack([Tiles(G, one, Plan(tile, on_disk, "")).run() for one in arrays]))


def levels_apart(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference of two pictures in [-1, 1], of 255."""
    return 127.5 * (one - other).abs().max().item()


@pytest.mark.parametrize("upsampling", ["transposed", "balanced", "nearest", "bilinear"])
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_in_tiles_as_whole_at_a_dozen_sizes(upsampling, norm):
    for number, (height, width) in enumerate(SIZES):
        takes, gives = ((3, 3), (1, 3), (3, 1))[number % 3]
        G = generator(in_channels=takes, out_channels=gives, upsampling=upsampling, norm=norm)
        x = picture(height, width, takes)
        whole = translator(G, takes).translate(x, tile="off")
        assert whole.std() > 0.02  # where all is grey, nothing could differ
        found = in_tiles(G, x, (16, 32, 64, 20)[number % 4], on_disk=number % 2 == 1)
        assert found.shape == (1, gives, height, width)
        assert levels_apart(found, whole) < 0.1, (height, width)


def test_no_blocks_and_a_batch_of_pictures():
    G = generator(blocks=0)
    x = torch.cat([picture(40, 36, seed=seed) for seed in range(3)])
    assert levels_apart(in_tiles(G, x, 16), translator(G).translate(x, tile="off")) < 0.1


def test_tiles_that_keep_their_own_statistics_fail():
    """What a tile alone would be, and why the sweeps are there."""
    G, x = generator(), picture(256, 64)
    whole = translator(G).translate(x, tile="off")
    alone = torch.cat([translator(G).translate(tile, tile="off") for tile in x.split(64, dim=2)], dim=2)
    assert levels_apart(alone, whole) > 50  # a seam, and a step of brightness
    with_norms_of_training = generator(norm="batch")
    middle = np.s_[:, :, 92:100]  # with neighbours enough, and no statistics of its own, a tile's middle is right
    whole = translator(with_norms_of_training).translate(x, tile="off")
    alone = translator(with_norms_of_training).translate(x[:, :, 32:160], tile="off")
    assert levels_apart(alone[:, :, 60:68], whole[middle]) < 0.1
    assert levels_apart(in_tiles(G, x, 64), translator(G).translate(x, tile="off")) < 0.1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 600), st.integers(1, 400), st.sampled_from(["auto", "off", 16, 64, 1000]), st.booleans())
def test_every_size_comes_back_at_its_own_size(tiny_run, width, height, tile, many_bits):
    array = noise(height, width)
    array = array * np.uint16(257) if many_bits else array
    translated = minicyclegan.load(tiny_run).translate(array, tile=tile)
    assert translated.shape == (height, width, 3) and translated.dtype == array.dtype


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 90),
    st.integers(2, 90),
    st.integers(4, 30),
    st.booleans(),
    st.sampled_from("uint8 uint16 float32".split()),
)
def test_arrays_of_any_size_and_type_in_tiles_as_whole(height, width, tile, on_disk, kind):
    white = {"uint8": 255, "uint16": 65535, "float32": 1}[kind]
    array = ((picture(height, width)[0].movedim(0, 2).numpy() + 1) * (white / 2)).astype(kind)
    G = generator()
    found, whole = Tiles(G, array, Plan(4 * tile, on_disk, "")).run(), translator(G).translate(array, tile="off")
    assert found.dtype == array.dtype and found.shape == whole.shape
    assert np.abs(found.astype(float) - whole).max() <= 2 / 255 * white


def test_weights_of_the_original_code(tmp_path):
    torch.save(randomised(original_resnet(3, 3, 4, 2, "instance", False)).state_dict(), tmp_path / "G.pth")
    model, x = minicyclegan.load(tmp_path / "G.pth"), picture(100, 70)
    assert levels_apart(model.translate(x, tile=16), model.translate(x, tile="off")) < 0.1


def saved(tmp_path, height: int = 130, width: int = 70):
    Image.fromarray(noise(height, width)).resize((width, height)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def arguments(run, *others: object) -> list[str]:
    return [*map(str, (run, *others)), "--device", "cpu"]


@pytest.mark.parametrize("on_disk", [False, True])
def test_the_command_goes_in_tiles_where_memory_is_short_and_says_so(tiny_run, tmp_path, monkeypatch, capsys, on_disk):
    source = saved(tmp_path)
    assert main(arguments(tiny_run, source, "--out", tmp_path / "whole")) == 0
    assert "in tiles" not in capsys.readouterr().out
    needed = whole_memory(minicyclegan.load(tiny_run).generators["AtoB"][0], 130, 70)
    monkeypatch.setattr(tiles, "BUDGET", needed - 1)
    monkeypatch.setattr(tiles, "BAND", 1e4 if on_disk is False else 1e9)
    assert main(arguments(tiny_run, source, "--out", tmp_path / "tiles")) == 0
    (_, line, _) = capsys.readouterr().out.splitlines()
    files = r", and 0\.0 GB of temporary files in .*" if on_disk else ""
    assert re.fullmatch(
        rf"note: {re.escape(str(source))}: 70 x 130 pixels at once take about 0\.4 GB: in tiles of \d+ pixels{files}",
        line,
    ), line
    whole, found = (np.asarray(Image.open(tmp_path / out / "a.png")).astype(int) for out in ("whole", "tiles"))
    assert np.abs(whole - found).max() <= 2


def test_tile_off_and_pixels_are_obeyed(tiny_run, tmp_path, monkeypatch):
    source, planned = saved(tmp_path), []
    real = tiles.Tiles
    monkeypatch.setattr(
        "minicyclegan.shipping.translator.Tiles", lambda *given: planned.append(given[2]) or real(*given)
    )
    monkeypatch.setattr(tiles, "BUDGET", 0)
    assert main(arguments(tiny_run, source, "--out", tmp_path / "out", "--tile", "off")) == 0 and planned == []
    monkeypatch.undo()
    monkeypatch.setattr(
        "minicyclegan.shipping.translator.Tiles", lambda *given: planned.append(given[2]) or real(*given)
    )
    assert main(arguments(tiny_run, source, "--out", tmp_path / "out", "--tile", "50")) == 0
    assert [one.tile for one in planned] == [48]


def test_a_full_disk_is_said_before(tiny_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tiles, "BUDGET", 0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    assert main(arguments(tiny_run, saved(tmp_path), "--out", tmp_path / "out")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "a.png: 70 x 130 pixels at once" in line and "where 0.0 GB are free; set TMPDIR, or make a smaller" in line
    assert list((tmp_path / "out").iterdir()) == []


def test_a_unet_that_does_not_fit_says_what_would(tiny_pix2pix_run, tmp_path, monkeypatch, capsys):
    """The size that it names fits, and hardly more does."""
    G = minicyclegan.load(tiny_pix2pix_run).generators["AtoB"][0]
    free = tiles.PYTORCH + 0.4 * (whole_memory(G, 1200, 1800) - tiles.PYTORCH)
    monkeypatch.setattr(tiles, "free_memory", lambda _: free - tiles.PYTORCH)
    assert main(arguments(tiny_pix2pix_run, saved(tmp_path, 1200, 1800), "--out", tmp_path / "out")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "a.png: 1800 x 1200 pixels at once take about" in line and "a U-Net can't go in tiles: make it " in line
    width, height = map(int, re.search(r"make it (\d+) x (\d+)", line).groups())
    assert whole_memory(G, height, width) <= free < whole_memory(G, height + 32, width + 32)
    assert plan(G, height, width, "auto", CPU) is None


def test_a_map_of_more_numbers_than_cuda_counts_goes_in_tiles(monkeypatch):
    monkeypatch.setattr(tiles, "free_memory", lambda _: 10**12)
    G, cuda = ResnetGenerator(width=64, blocks=1), torch.device("cuda")
    assert plan(G, 5780, 5780, "auto", cuda) is None
    assert 64 * 5780**2 < 2**31 < 64 * 5800**2
    tiled = plan(G, 5800, 5800, "auto", cuda)
    assert tiled.why == "5800 x 5800 pixels at once are more than PyTorch counts on CUDA: in tiles of 64 pixels"
    assert not tiled.on_disk
    assert plan(G, 1500, 1500, "auto", cuda, pictures=14) is None
    assert plan(G, 1500, 1500, "auto", cuda, pictures=15) is not None


@pytest.mark.parametrize(
    ("run", "given", "said"),
    [
        ("tiny_pix2pix_run", ["--tile", "64"], "a U-Net sees the whole picture at once: it can't go in tiles"),
        ("tiny_run", ["--tile", "3"], "tiles must have at least 16 pixels, not 3"),
        ("tiny_run", ["--tile", "-64"], "'-64' is neither auto nor off nor a number of pixels"),
        ("tiny_run", ["--tile", "some"], "'some' is neither auto nor off nor a number of pixels"),
        ("tiny_pix2pix_run", ["--tile", "64", "--noise"], "--tile PX and --noise don't go together"),
    ],
)  # fmt: skip
def test_tiles_that_cannot_be_are_a_usage_error(request, tmp_path, capsys, run, given, said):
    with pytest.raises(SystemExit) as stopped:
        main(arguments(request.getfixturevalue(run), saved(tmp_path), "--out", tmp_path / "out", *given))
    assert stopped.value.code == 2 and said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_no_tile_is_refused_in_python(tiny_run):
    with pytest.raises(ValueError, match="at least 16 pixels"):
        minicyclegan.load(tiny_run).translate(noise(), tile=8)
    with pytest.raises(ValueError, match="takes no code"):
        minicyclegan.load(tiny_run).translate(noise(), tile=16, z=torch.zeros(8))


# A child's ru_maxrss begins at its parent's: what this process has taken for other tests would count.
says_peak = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says a process's own peak")
PEAK = """
import re, torch
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.networks import ResnetGenerator, UnetGenerator
from minicyclegan.shipping.translator import Translator
torch.set_num_threads(1)
G = {network}.eval()
x = torch.zeros(1, 3, {height}, {width})
Translator({{"AtoB": (G, 3)}}, torch.device("cpu"), {{}}).translate(x, tile={tile!r})
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))
"""


def peak(network: str, height: int, width: int, tile: object) -> int:
    script = PEAK.format(network=network, height=height, width=width, tile=tile)
    return int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)


@says_peak
@pytest.mark.parametrize(
    ("network", "height", "width"),
    [
        ("ResnetGenerator(width=32, blocks=1)", 800, 700),
        ("ResnetGenerator(width=32, blocks=1, upsampling='balanced')", 800, 700),
        ("ResnetGenerator(width=32, blocks=1, upsampling='nearest')", 800, 700),
        ("ResnetGenerator(width=32, blocks=1, upsampling='bilinear')", 800, 700),
        ("UnetGenerator(width=32, depth=5)", 768, 768),
        ("UnetGenerator(width=32, depth=5, upsampling='balanced')", 768, 768),
        ("UnetGenerator(width=32, depth=5, upsampling='nearest')", 768, 768),
        ("UnetGenerator(width=32, depth=5, upsampling='bilinear')", 768, 768),
    ],
)
def test_the_estimate_is_what_a_process_takes(network, height, width):
    measured = peak(network, height, width, "off")
    assert 0.6 < measured / whole_memory(eval(network), height, width) < 1.4


@says_peak
def test_tiles_take_less_memory():
    network, (height, width) = "ResnetGenerator(width=32, blocks=1)", (256, 2400)
    bare = peak(network, 16, 16, "off")
    assert peak(network, height, width, 64) - bare < 0.6 * (peak(network, height, width, "off") - bare)


def test_what_plan_chooses():
    G, U = generator(width=64, blocks=9), UnetGenerator(width=4, depth=5)
    assert plan(G, 256, 256, "auto", CPU) is None and plan(nn.Identity(), 10**6, 10**6, "auto", CPU) is None
    assert plan(U, 512, 512, "auto", CPU) is None and plan(G, 10**5, 10**5, "off", CPU) is None
    sides = [3000, 4000]
    for height, width in itertools.product(sides, sides):
        chosen = plan(G, height, width, "auto", CPU)
        assert chosen and chosen.tile % 4 == 0 and 16 <= chosen.tile <= 256
    with pytest.raises(PictureError, match="temporary files"):
        plan(G, 10**6, 10**6, "auto", CPU)

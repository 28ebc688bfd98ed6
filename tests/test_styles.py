"""translate and minicyclegan.load with models that have one direction, many styles, or noise."""

import numpy as np
import pytest
import torch
from PIL import Image

import minicyclegan
from minicyclegan.data.colours import PictureError
from minicyclegan.models import BicycleGAN, BicycleGANConfig, Pix2Pix, Pix2PixConfig
from minicyclegan.shipping.translator import Translator
from minicyclegan.training.checkpoint import CheckpointError
from minicyclegan.translate import main
from tests.shipping.original_networks import original_patch, original_unet, randomised

LOUD = 0.2  # standard deviation of weights at which a picture and its code get through


def loud(network: torch.nn.Module) -> torch.nn.Module:
    """The network as a long training could have left it: answers that differ by more than the rounding to 8 bits."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(0, LOUD, generator=draw)
    return network.eval()


@pytest.fixture(scope="module")
def styles_run(tiny_bicyclegan_run, tmp_path_factory):
    """A BicycleGAN whose code shows."""
    content = torch.load(tiny_bicyclegan_run / "checkpoint.pt", weights_only=True)
    model = BicycleGAN(BicycleGANConfig(**content["config"]))
    loud(model.G)
    loud(model.E)
    content["training"] = {"networks": model.state_dict()}
    path = tmp_path_factory.mktemp("styles") / "checkpoint.pt"
    torch.save(content, path)
    return path


@pytest.fixture(scope="module")
def noisy_run(tiny_pix2pix_run, tmp_path_factory):
    """A pix2pix deep enough to have dropout."""
    content = torch.load(tiny_pix2pix_run / "checkpoint.pt", weights_only=True)
    content["config"] |= {"depth": 6, "width": 2}
    model = Pix2Pix(Pix2PixConfig(**content["config"]))
    loud(model.G)
    content["training"] = {"networks": model.state_dict()}
    path = tmp_path_factory.mktemp("noisy") / "checkpoint.pt"
    torch.save(content, path)
    return path


def picture(height: int = 32, width: int = 32, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture
def draw(tmp_path):
    def draw(name: str, height: int = 32, width: int = 32):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture(height, width, seed=sum(name.encode())).save(path)
        return path

    return draw


def translate(*arguments: object) -> int:
    return main([*map(str, arguments), "--device", "cpu"])


def usage_error(capsys, *arguments: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        translate(*arguments)
    lines = capsys.readouterr().err.strip().splitlines()
    assert stopped.value.code == 2 and len(lines) == 2
    return lines[0]


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_runs_of_all_models_load(tiny_run, tiny_pix2pix_run, tiny_bicyclegan_run):
    expected = {
        tiny_run: (["AtoB", "BtoA"], 0, False),
        tiny_pix2pix_run: (["AtoB"], 0, False),
        tiny_bicyclegan_run: (["AtoB"], 8, True),
    }
    for run, (directions, latent, encodes) in expected.items():
        model = minicyclegan.load(run)
        assert list(model.generators) == directions and model.latent == latent and bool(model.encoder) == encodes
        assert model.settings["size"] == 32
        assert model.translate(picture()).size == (32, 32)


def test_a_generator_of_the_original_code_translates_and_a_discriminator_does_not(tmp_path):
    published = randomised(original_unet(3, 3, 2, 5, "batch", False)).eval()
    torch.save(published.state_dict(), tmp_path / "latest_net_G.pth")
    model, x = minicyclegan.load(tmp_path / "latest_net_G.pth"), torch.rand(2, 3, 32, 64) * 2 - 1
    with torch.no_grad():
        # float32, another summation order
        torch.testing.assert_close(model.translate(x), published(x.clone()), rtol=0, atol=2e-5)
    assert list(model.generators) == ["AtoB"] and model.translate(picture(33, 20)).size == (20, 33)
    torch.save(randomised(original_patch(3, 2, 3, "batch")).state_dict(), tmp_path / "latest_net_D.pth")
    with pytest.raises(CheckpointError, match=r"latest_net_D\.pth: holds a PatchDiscriminator, which judges pictures"):
        minicyclegan.load(tmp_path / "latest_net_D.pth")


@pytest.mark.parametrize("side", [(33, 50), (1, 1), (32, 31), (7, 64)])
def test_any_size_is_padded_and_cut_back(styles_run, noisy_run, side):
    for run in (styles_run, noisy_run):
        model = minicyclegan.load(run)
        assert model.translate(picture(*side)).size == side[::-1]
        x = torch.rand(1, 3, *side) * 2 - 1
        step = 2 ** model.generators["AtoB"][0].depth
        padding = (0, -side[1] % step, 0, -side[0] % step)
        padded = torch.nn.functional.pad(x, padding, mode="replicate")
        assert torch.equal(model.translate(x), model.translate(padded)[..., : side[0], : side[1]])


def test_what_else_is_in_the_batch_changes_nothing(styles_run, noisy_run):
    for run in (styles_run, noisy_run):
        model = minicyclegan.load(run)
        x = torch.rand(3, 3, 64, 64) * 2 - 1
        # another batch size may sum in another order, in float32
        torch.testing.assert_close(model.translate(x)[1:2], model.translate(x[1:2]), rtol=0, atol=2e-5)
        assert torch.equal(model.translate(x), model.translate(x))


def test_one_way_models_refuse_the_other_way(tiny_pix2pix_run, tiny_bicyclegan_run, draw, tmp_path, capsys):
    for run in (tiny_pix2pix_run, tiny_bicyclegan_run):
        said = usage_error(capsys, run, draw("a.png"), "--direction", "BtoA", "--out", tmp_path / "out")
        assert "--direction BtoA: this model translates AtoB only" in said
        with pytest.raises(ValueError, match="direction must be AtoB, not 'BtoA'"):
            minicyclegan.load(run).translate(picture(), "BtoA")
    assert not (tmp_path / "out").exists()


def test_styles_are_written_by_number_and_repeat_by_seed(styles_run, draw, tmp_path, capsys):
    sources = [draw("in/a.png"), draw("in/b.png", 40, 24)]
    for out, seed in (("first", 5), ("again", 5), ("other", 6)):
        assert translate(styles_run, *sources, "--styles", 3, "--seed", seed, "--out", tmp_path / out) == 0
    first, again, other = (files(tmp_path / out) for out in ("first", "again", "other"))
    assert list(first) == ["a_1.png", "a_2.png", "a_3.png", "b_1.png", "b_2.png", "b_3.png"]
    assert first == again and not set(first.values()) & set(other.values())
    assert len(set(first.values())) == 6
    assert "6 pictures translated AtoB" in capsys.readouterr().out
    model = minicyclegan.load(styles_run)
    for number, z in enumerate(model.codes(3, seed=5), 1):
        with Image.open(tmp_path / f"first/b_{number}.png") as written:
            assert written.tobytes() == model.translate(sources[1], z=z).tobytes()


def test_samples_are_the_same_codes_for_all_pictures(styles_run):
    model, x = minicyclegan.load(styles_run), torch.rand(2, 3, 32, 32) * 2 - 1
    samples = model.samples(x, 4, seed=3)
    assert samples.shape == (2, 4, 3, 32, 32)
    for k, z in enumerate(model.codes(4, seed=3)):
        assert torch.equal(samples[:, k], model.translate(x, z=z))
    assert not torch.equal(samples[:, 0], samples[:, 1])
    middle = model.translate(x, z=torch.zeros(8))
    assert torch.equal(model.translate(x), middle) and not torch.equal(samples[:, 0], middle)


def test_a_reference_lends_its_style_and_two_are_joined_by_steps(styles_run, draw, tmp_path):
    source, one, two = draw("a.png"), draw("one.png", 50, 40), draw("two.png")
    for out, arguments in {
        "one": ["--style", one],
        "two": ["--style", two],
        "path": ["--style", one, "--style", two, "--styles", 4],
        "five": ["--style", one, "--style", two],
    }.items():
        assert translate(styles_run, source, *arguments, "--out", tmp_path / out) == 0
    path = files(tmp_path / "path")
    assert list(path) == [f"a_{number}.png" for number in range(1, 5)] and len(set(path.values())) == 4
    assert path["a_1.png"] == files(tmp_path / "one")["a.png"]
    assert path["a_4.png"] == files(tmp_path / "two")["a.png"]
    assert len(files(tmp_path / "five")) == 5
    model = minicyclegan.load(styles_run)
    code = model.encode(one)
    assert code.shape == (1, 8)
    with Image.open(tmp_path / "one/a.png") as written, Image.open(one) as opened:
        assert written.tobytes() == model.translate(source, z=code).tobytes()
        assert torch.equal(code, model.encode(opened)) and torch.equal(code, model.encode(np.asarray(opened)))


def test_a_reference_that_cannot_be_read_is_no_misuse(styles_run, draw, tmp_path):
    with pytest.raises(PictureError, match=r"nothing\.png: no such file"):
        translate(styles_run, draw("a.png"), "--style", tmp_path / "nothing.png", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_number_never_overwrites_a_picture(styles_run, draw, tmp_path, capsys):
    """Into its own folder, a's first style would take the place of the picture a_1."""
    first, second = draw("in/a.png"), draw("in/a_1.png")
    before = second.read_bytes()
    assert translate(styles_run, first, second, "--styles", 2, "--out", tmp_path / "in") == 1
    assert second.read_bytes() == before
    said = capsys.readouterr().err
    assert f"error: {first}: its translation would overwrite {second}; give another --out" in said
    assert sorted(files(tmp_path / "in")) == ["a.png", "a_1.png", "a_1_1.png", "a_1_2.png"]
    draw("in/a.gif")
    assert translate(styles_run, first, tmp_path / "in/a.gif", second, "--styles", 2, "--out", tmp_path / "out") == 0
    assert len(files(tmp_path / "out")) == 6


def test_noise_repeats_by_seed_and_leaves_no_trace(noisy_run, draw, tmp_path):
    source = draw("a.png", 64, 64)
    for out, arguments in {
        "plain": [],
        "one": ["--noise", "--seed", 1],
        "again": ["--noise", "--seed", 1],
        "two": ["--noise", "--seed", 2],
    }.items():
        assert translate(noisy_run, source, *arguments, "--out", tmp_path / out) == 0
    plain, one, again, two = (files(tmp_path / out)["a.png"] for out in ("plain", "one", "again", "two"))
    assert one == again and len({plain, one, two}) == 3

    model, x = minicyclegan.load(noisy_run), torch.rand(1, 3, 64, 64) * 2 - 1
    G = model.generators["AtoB"][0]
    state = {name: value.clone() for name, value in G.state_dict().items()}
    torch.manual_seed(7)
    random, answer = torch.get_rng_state(), model.translate(x)
    assert not torch.equal(model.translate(x, noise=1), answer)
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(value, G.state_dict()[name]) for name, value in state.items())
    assert not any(module.training for module in G.modules()) and torch.equal(model.translate(x), answer)


def test_noise_without_dropout_is_the_same_for_every_seed_and_says_so(tiny_pix2pix_run, draw, tmp_path, capsys):
    """The U-Net of the run is too shallow for dropout; its batch norms change the answer, but no seed does."""
    source = draw("a.png")
    for out, seed in (("one", 1), ("two", 2)):
        assert translate(tiny_pix2pix_run, source, "--noise", "--seed", seed, "--out", tmp_path / out) == 0
        assert "note: this model has no dropout" in capsys.readouterr().out
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_noise_is_what_training_saw(noisy_run):
    """The published behaviour: the network as in training, dropout and the statistics of its own batch."""
    model, x = minicyclegan.load(noisy_run), torch.rand(2, 3, 64, 64) * 2 - 1
    noisy = model.translate(x, noise=4)
    G = model.generators["AtoB"][0].train()
    torch.manual_seed(4)
    with torch.no_grad():
        assert torch.equal(noisy, G(x))


def test_where_nothing_can_be_written_no_further_answer_is_tried(styles_run, draw, tmp_path, capsys):
    (tmp_path / "out/a_1.png").mkdir(parents=True)
    assert translate(styles_run, draw("a.png"), "--styles", 3, "--out", tmp_path / "out") == 1
    assert "a_1.png" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a_1.png"]


def test_what_a_model_does_not_have_is_refused(
    tiny_run, tiny_pix2pix_run, styles_run, noisy_run, draw, tmp_path, capsys
):
    source, out = draw("a.png"), ["--out", tmp_path / "out"]
    for run, arguments, message in (
        (tiny_pix2pix_run, ["--styles", 2], "this model has one answer to a picture"),
        (tiny_run, ["--styles", 2], "this model has one answer to a picture"),
        (tiny_pix2pix_run, ["--style", source], "can't read a style off a picture: it has no encoder"),
        (tiny_run, ["--noise"], "this model has no noise: neither dropout nor batch norm"),
        (styles_run, ["--styles", 0], "--styles: must be at least 1, not 0"),
        (styles_run, ["--styles", 3, "--style", source], "--style is given once, or twice with --styles N"),
        (styles_run, ["--style", source] * 3, "--style is given once, or twice"),
        (noisy_run, ["--noise", "--seed", 2**63], "--seed must be at least 0 and below"),
        (noisy_run, ["--noise", "--seed", -1], "--seed must be at least 0 and below"),
    ):
        assert message in usage_error(capsys, run, source, *arguments, *out)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="takes no code"):
        minicyclegan.load(tiny_pix2pix_run).translate(picture(), z=torch.zeros(8))
    model: Translator = minicyclegan.load(tiny_run)
    with pytest.raises(ValueError, match="no noise"):
        model.translate(picture(), noise=1)

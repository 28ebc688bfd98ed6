"""minicyclegan.load and the translator that it returns, whichever way a picture comes in."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import minicyclegan
from minicyclegan.data.images import PictureError, from_tensor, to_array, to_tensor
from minicyclegan.evaluate import main as evaluate
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.shipping.translator import Translator
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from minicyclegan.translate import main as translate
from tests.shipping.original_networks import original_resnet, original_unet, randomised
from tests.test_translate import noise

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (2, 7), (4, 4), (7, 2), (33, 65), (30, 200), (64, 64)])
def test_any_size_comes_back_at_its_own_size(tiny_run, direction, height, width):
    translated = minicyclegan.load(tiny_run).translate(noise(height, width), direction)
    assert translated.shape == (height, width, 3) and translated.dtype == np.uint8


def test_a_size_that_fits_the_network_is_not_padded(tiny_run):
    checkpoint = tiny_run / "checkpoint.pt"
    translator = minicyclegan.load(checkpoint)
    model = CycleGAN(CycleGANConfig(**load_checkpoint(checkpoint)["config"]))
    model.load_state_dict(load_checkpoint(checkpoint)["training"]["networks"])
    x = to_tensor(noise(32, 40))[None]
    with torch.no_grad():
        assert torch.equal(translator.translate(x), model.eval().G_AB(x))
        assert torch.equal(translator.translate(x, "BtoA"), model.G_BA(x))
    assert not translator.generators["AtoB"][0].training


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_whichever_way_a_picture_comes_in_the_result_is_the_same(tiny_run, tmp_path, direction):
    translator = minicyclegan.load(str(tiny_run))
    array = noise(13, 22)
    path = tmp_path / "picture.png"
    Image.fromarray(array).save(path)
    tensor = to_tensor(array)[None]
    expected = from_tensor(translator.translate(tensor, direction)[0])
    assert expected.shape == (13, 22, 3) and expected.std() > 0

    for picture in (path, str(path), Image.fromarray(array), Image.fromarray(array).convert("RGBA")):
        translated = translator.translate(picture, direction)
        assert isinstance(translated, Image.Image)
        np.testing.assert_array_equal(to_array(translated), expected)
    with Image.open(path) as image:
        np.testing.assert_array_equal(to_array(translator.translate(image, direction)), expected)
    opaque = np.dstack([array, np.full((13, 22), 255, np.uint8)])
    mirrored_twice = array[:, ::-1].copy()[:, ::-1]
    for picture in (array, opaque, mirrored_twice, np.asfortranarray(array)):
        translated = translator.translate(picture, direction)
        assert isinstance(translated, np.ndarray)
        np.testing.assert_array_equal(translated, expected)
    for picture in (tensor, tensor.double(), tensor.contiguous(memory_format=torch.channels_last)):
        translated = translator.translate(picture, direction)
        assert translated.dtype == picture.dtype
        np.testing.assert_array_equal(from_tensor(translated)[0], expected)
    batch = translator.translate(tensor.expand(3, -1, -1, -1), direction)
    assert batch.shape == (3, 3, 13, 22) and (batch - translator.translate(tensor, direction)).abs().max() < 1e-5

    listed = translator.translate([path, array, (tensor, str(path))], direction)
    assert isinstance(listed, list) and isinstance(listed[0], Image.Image) and isinstance(listed[2], list)
    np.testing.assert_array_equal(to_array(listed[0]), expected)
    np.testing.assert_array_equal(listed[1], expected)
    np.testing.assert_array_equal(from_tensor(listed[2][0])[0], expected)
    assert translator.translate([]) == []


def test_small_pictures_of_one_size_share_a_pass():
    translator, passes = Translator({"AtoB": (nn.Identity(), 3)}, torch.device("cpu"), {}), []
    run = translator._run
    translator._run = lambda x, *others: passes.append(tuple(x.shape)) or run(x, *others)
    shapes = [(64, 64, 3)] * 33 + [(65, 64, 3)] * 2 + [(256, 256, 3)] * 3 + [(400, 400, 3)] * 2
    arrays = [np.random.default_rng(seed).integers(0, 256, shape, np.uint8) for seed, shape in enumerate(shapes)]
    tensors = [torch.rand(2, 3, 8, 8) for _ in range(2)]
    translated = translator.translate([*arrays[:34], *tensors, *arrays[34:]])
    assert passes == [
        *[(32, 3, 64, 64), (1, 3, 64, 64), (1, 3, 65, 64)],
        *[(2, 3, 8, 8)] * 2,  # a batch is one already
        *[(1, 3, 65, 64), (2, 3, 256, 256), (1, 3, 256, 256), (1, 3, 400, 400), (1, 3, 400, 400)],
    ]
    for found, expected in zip(translated, [*arrays[:34], *tensors, *arrays[34:]], strict=True):
        assert np.array_equal(found, expected)
    assert translator.translate([]) == []


@pytest.mark.parametrize("many_answers", [False, True])
def test_in_company_or_alone_a_picture_is_translated_alike(tiny_run, tiny_bicyclegan_run, many_answers):
    """Up to one of 255 levels: a convolution may round differently in a larger batch."""
    translator = minicyclegan.load(tiny_bicyclegan_run if many_answers else tiny_run)
    z = translator.codes(1)[0] if many_answers else None
    shapes = [(32, 32, 3)] * 3 + [(20, 36, 3)] * 2
    arrays = [np.random.default_rng(seed).integers(0, 256, shape, np.uint8) for seed, shape in enumerate(shapes)]
    together, alone = translator.translate(arrays, z=z), [translator.translate(one, z=z) for one in arrays]
    for found, expected in zip(together, alone, strict=True):
        assert found.shape == expected.shape and np.abs(found.astype(int) - expected.astype(int)).max() <= 1
    assert not np.array_equal(together[0], together[1])


def test_a_translated_tensor_is_an_ordinary_one(tiny_run):
    x = to_tensor(noise())[None].requires_grad_()
    translated = minicyclegan.load(tiny_run).translate(x)
    assert not translated.requires_grad and not translated.is_inference()
    (torch.ones(1, requires_grad=True) * translated).sum().backward()


@pytest.mark.parametrize("name", ["G.pth", "G.PTH", "G.pt", "G.ckpt", "G.pth.tar", "G.bin", "G", "G.png"])
@pytest.mark.parametrize("zipped", [True, False])
def test_what_is_in_a_file_of_weights_decides_not_its_name(tiny_run, tmp_path, name, zipped):
    published, x = randomised(original_resnet(3, 3, 2, 1, "instance", False)), torch.rand(1, 3, 16, 16) * 2 - 1
    torch.save(published.state_dict(), tmp_path / name, _use_new_zipfile_serialization=zipped)
    with torch.no_grad():
        # float32, another summation order
        torch.testing.assert_close(minicyclegan.load(tmp_path / name).translate(x), published(x), rtol=0, atol=2e-5)
    expected = minicyclegan.load(tiny_run).translate(x)
    content = torch.load(tiny_run / "checkpoint.pt", weights_only=True)
    torch.save(content, tmp_path / name, _use_new_zipfile_serialization=zipped)
    assert torch.equal(minicyclegan.load(tmp_path / name).translate(x), expected)


@pytest.mark.parametrize(("takes", "gives"), [(1, 2), (2, 2), (4, 4), (6, 3), (3, 6)])
@pytest.mark.parametrize("original", [original_resnet, original_unet])
def test_a_generator_of_what_are_no_pictures_is_refused_by_every_command(tmp_path, capsys, original, takes, gives):
    path = tmp_path / "latest_net_G.pth"
    torch.save(randomised(original(takes, gives, 2, 2, "instance", False)).state_dict(), path)
    said = f"{path}: takes {takes} and gives {gives} channels; give a generator of 1 (grey) or 3 (colour)"
    Image.fromarray(noise(16, 16)).save(tmp_path / "a.png")
    for command, arguments in (
        (translate, [path, tmp_path / "a.png", "--out", tmp_path / "out"]),
        (evaluate, [path, "--data", "facades", "--size", "32", "--count", "2"]),
    ):
        with pytest.raises(CheckpointError) as refused:
            command([*map(str, arguments), "--device", "cpu"])
        assert str(refused.value) == said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("channels", [("channels_A", 2), ("channels_B", 4)])
def test_a_checkpoint_of_ours_with_such_channels_is_refused_too(tmp_path, channels):
    config = {"width": 2, "disc_width": 2, "blocks": 1, "lambda_identity": 0.0, channels[0]: channels[1]}
    model = CycleGAN(CycleGANConfig(**config))
    content = {"config": config, "settings": {"size": 32}, "training": model.training_state(), "model": "cyclegan"}
    save_checkpoint(tmp_path / "checkpoint.pt", {**content, "step": 0})
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: takes . and gives . channels; give a generator of 1"):
        minicyclegan.load(tmp_path / "checkpoint.pt")


@pytest.mark.parametrize("device", ["cuda:99", "nowhere"])
def test_a_device_that_is_not_there_is_not_called_a_damaged_checkpoint(tiny_run, device):
    with pytest.raises((RuntimeError, AssertionError)) as refused:
        minicyclegan.load(tiny_run, device)
    assert not isinstance(refused.value, CheckpointError)


def test_what_is_no_picture_is_refused(tiny_run, tmp_path):
    translator = minicyclegan.load(tiny_run)
    for picture in (
        None,
        3,
        b"bytes",
        noise().astype(np.float32),
        noise().astype(np.int64),
        noise()[None],
        noise(channels=2),
        noise(height=0),
        np.uint8(3),
        torch.zeros(3, 8, 8),
        torch.zeros(1, 1, 8, 8),
        torch.zeros(1, 3, 0, 8),
        torch.zeros(0, 3, 8, 8),
        torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
    ):
        with pytest.raises(ValueError, match=r"expected"):
            translator.translate(picture)
    with pytest.raises(PictureError, match=r"missing.png: no such file"):
        translator.translate([noise(), tmp_path / "missing.png"])
    with pytest.raises(ValueError, match=r"direction must be AtoB or BtoA, not 'AtoC'"):
        translator.translate(noise(), "AtoC")

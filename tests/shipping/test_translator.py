"""minicyclegan.load and the translator that it returns, whichever way a picture comes in."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import minicyclegan
from minicyclegan.data.images import PictureError, from_tensor, to_array, to_tensor
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.shipping.translator import Translator
from minicyclegan.training.checkpoint import load_checkpoint
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

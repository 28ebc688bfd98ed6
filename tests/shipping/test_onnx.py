"""shipping/onnx.py: ONNX Runtime paints what PyTorch paints, at any size, from one small file of plain operators."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minicyclegan.networks import ResnetGenerator, UnetGenerator
from minicyclegan.shipping import onnx as shipping_onnx
from minicyclegan.shipping.onnx import Difference, ExportError, domains, export_onnx
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.worlds import WORLDS, draw_sample
from tests.shipping.original_networks import original_unet, randomised

onnx = pytest.importorskip("onnx", reason="the extra that exports is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra that exports is not installed")

HORSES = Path(__file__).parents[2] / "lessons/checkpoints/cyclegan-horses-full.pt"  # trained, of --small's size


class Exported(NamedTuple):
    translator: Translator
    file: Path
    pixels: str
    difference: Difference

    def run(self, x: np.ndarray, z: torch.Tensor | None = None) -> np.ndarray:
        """ONNX Runtime's picture of a uint8 picture (N, C, H, W), in [0, 1]."""
        session = onnxruntime.InferenceSession(self.file, providers=["CPUExecutionProvider"])
        fed = {"picture": x if self.pixels == "uint8" else x.astype(np.float32) / 255}
        (y,) = session.run(None, fed | ({} if z is None else {"code": z.numpy()}))
        assert y.dtype == (np.uint8 if self.pixels == "uint8" else np.float32)
        return y / np.float32(255 if self.pixels == "uint8" else 1)

    def right(self, x: np.ndarray, z: torch.Tensor | None = None) -> np.ndarray:
        """PyTorch's, rounded where the file's is."""
        y = (self.translator.translate(torch.from_numpy(x / np.float32(127.5) - 1), z=z).numpy() + 1) / 2
        return y if self.pixels == "float" else np.rint(255 * y) / np.float32(255)

    @property
    def model(self):
        return onnx.load(self.file)


def of(network: torch.nn.Module, channels: int = 3) -> Translator:
    return Translator({"AtoB": (network, channels)}, torch.device("cpu"), {})


def _official(folder: Path) -> Translator:
    torch.save(randomised(original_unet(3, 1, 4, 5, "batch", True)).state_dict(), folder / "latest_net_G.pth")
    return load(folder / "latest_net_G.pth")


KINDS = {
    "resnet, balanced": ("float", lambda _: of(randomised(ResnetGenerator(width=4, blocks=1, upsampling="balanced")))),
    "resnet, nearest, grey": ("uint8", lambda _: of(randomised(ResnetGenerator(1, 3, 4, 1, upsampling="nearest")), 1)),
    "u-net, bilinear": (
        "uint8",
        lambda _: of(randomised(UnetGenerator(3, 3, 3, 4, "instance", upsampling="bilinear"))),
    ),
    "u-net with a code": ("float", lambda _: of(randomised(UnetGenerator(3, 3, 4, 4, "instance", latent=5)))),
    "official u-net, batch norm": ("uint8", _official),
}


@pytest.fixture(scope="module", params=KINDS)
def exported(request, tmp_path_factory) -> Exported:
    """One direction of a network of each kind; exported once, since it takes seconds."""
    folder = tmp_path_factory.mktemp("onnx")
    pixels, make = KINDS[request.param]
    translator = make(folder)
    difference = export_onnx(translator, "AtoB", folder / "model.onnx", pixels)
    return Exported(translator, folder / "model.onnx", pixels, difference)


def picture(channels: int, height: int, width: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (count, channels, height, width), dtype=np.uint8)


def allowed(one: Exported) -> float:
    return 1.01 / 255 if one.pixels == "uint8" else 0.5e-4


def test_the_export_says_how_far_it_is_from_pytorch(exported):
    assert exported.difference.mean <= exported.difference.largest
    assert exported.difference.excess <= allowed(exported)


@settings(max_examples=6, deadline=None)
@given(st.integers(1, 600), st.integers(1, 400), st.sampled_from([1, 1, 2]))
def test_pictures_of_any_size_are_those_of_pytorch(exported, width, height, count):
    channels = exported.translator.generators["AtoB"][1]
    x = picture(channels, height, width, count)
    z = exported.translator.codes(count, seed=width) if exported.translator.latent else None
    y, right = exported.run(x, z), exported.right(x, z)
    assert y.shape == right.shape == (count, right.shape[1], height, width)
    # Very small pictures are maps of 2 x 2 pixels inside, whose norms lift rounding.
    assert np.abs(y - right).max() <= (allowed(exported) if min(height, width) > 16 else 0.02)


@pytest.mark.parametrize("side", [1, 8, 30, 64])
def test_a_picture_of_one_colour_is_that_of_pytorch_too(exported, side):
    """Rounding alone is what its maps differ by, and norms must not lift it."""
    channels = exported.translator.generators["AtoB"][1]
    z = exported.translator.codes(1) if exported.translator.latent else None
    for value in (0, 77, 255):
        x = np.full((1, channels, side, side), value, dtype=np.uint8)
        assert np.abs(exported.run(x, z) - exported.right(x, z)).max() <= allowed(exported)


def test_one_file_of_plain_operators_says_what_it_is(exported):
    model, translator = exported.model, exported.translator
    onnx.checker.check_model(model, full_check=True)
    assert [entry.domain for entry in model.opset_import] == [""] and not model.functions
    for node in model.graph.node:
        values = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        assert node.domain == "" and values.get("auto_pad", b"NOTSET") == b"NOTSET"
        assert "Einsum" not in node.op_type, "what depends on weights alone is computed beforehand"
    # No weight twice, none elsewhere, and no lines of this machine's source
    weights = sum(weight.numel() * 4 for weight in translator.generators["AtoB"][0].state_dict().values())
    assert exported.file.stat().st_size < weights + 25_000
    assert [path for path in exported.file.parent.iterdir() if path.suffix != ".pth"] == [exported.file]
    content = exported.file.read_bytes()
    assert b".py" not in content and str(Path(__file__).parents[2]).encode() not in content
    sizes = [[size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
             for value in (*model.graph.input, *model.graph.output)]  # fmt: skip
    channels, latent = translator.generators["AtoB"][1], translator.latent
    gives = exported.right(picture(channels, 16, 16), translator.codes(1) if latent else None).shape[1]
    assert sizes[0] == ["batch", channels, "height", "width"] and sizes[-1] == ["batch", gives, "height", "width"]
    assert sizes[1:-1] == ([["batch", latent]] if latent else [])
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata.pop("licence").startswith("The code is minicyclegan's, MIT") and metadata.pop("minicyclegan")
    assert metadata == {
        "domain_from": "A", "domain_to": "B", "direction": "AtoB", "size": "256", "channels_in": str(channels),
        "channels_out": str(gives), "latent": str(latent),
    }  # fmt: skip


@pytest.mark.parametrize(("precision", "smaller", "mean"), [("float16", 1.9, 0.0005), ("int8", 3.5, 0.005)])
def test_weights_in_fewer_bytes_paint_nearly_the_same(tmp_path, precision, smaller, mean):
    translator, file = load(HORSES), tmp_path / "zebra.onnx"
    difference = export_onnx(translator, "AtoB", file, "uint8", precision)
    weights = sum(weight.numel() * 4 for weight in translator.generators["AtoB"][0].parameters())
    assert file.stat().st_size < weights / smaller
    one = Exported(translator, file, "uint8", difference)
    animals = [draw_sample(WORLDS["horse2zebra"], "test", "A", index, 64).picture for index in range(8)]
    x = np.stack([np.moveaxis(animal, -1, 0) for animal in animals])
    assert np.abs(one.run(x) - one.right(x)).mean() < mean and difference.mean < mean
    kinds = {onnx.TensorProto.DataType.Name(tensor.data_type) for tensor in one.model.graph.initializer
             if len(tensor.dims) > 1}  # fmt: skip
    assert kinds == {precision.upper()}
    metadata = {entry.key: entry.value for entry in one.model.metadata_props}
    assert (metadata["domain_from"], metadata["domain_to"]) == WORLDS["horse2zebra"].domains
    assert metadata["size"] == "64"


@pytest.mark.parametrize("wrong", ["scaled", "not a number"])
def test_a_model_whose_pictures_are_others_is_not_written(tmp_path, monkeypatch, wrong):
    factor = 1.01 if wrong == "scaled" else float("nan")
    forward = shipping_onnx._Exported.forward
    monkeypatch.setattr(shipping_onnx._Exported, "forward", lambda self, x: forward(self, x) * factor)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 3, padding=1), torch.nn.Tanh())  # of nobody's package
    with pytest.raises(ExportError, match=r"model\.onnx: not written: .* of 255 apart at most"):
        export_onnx(of(network), "AtoB", tmp_path / "model.onnx", "float")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("trained", "AtoB"),
    [
        ({"data": ["facades"], "direction": "AtoB"}, ("label map", "building front")),
        ({"data": ["facades"], "direction": "BtoA"}, ("building front", "label map")),
        ({"data": ["photos/mine/cats", "/home/me/dogs"]}, ("cats", "dogs")),
        ({"data": ["/home/me/pets"]}, ("A", "B")),
        ({}, ("A", "B")),
    ],
)
def test_domains_have_the_names_of_the_data_and_no_folders_of_its_owner(trained, AtoB):
    translator = of(ResnetGenerator(width=1, blocks=0))
    translator.settings = trained
    assert domains(translator, "AtoB") == AtoB
    assert domains(translator, "BtoA") == AtoB[::-1]


@pytest.mark.parametrize("upsampling", ["transposed", "balanced"])
def test_networks_of_the_same_layers_are_traced_once_and_keep_their_own_weights(tmp_path, monkeypatch, upsampling):
    """Both ways of a CycleGAN; weights, and what batch norms have gathered."""
    traced, trace = [], shipping_onnx._trace
    monkeypatch.setattr(shipping_onnx, "_trace", lambda *given: traced.append(given) or trace(*given))
    options = {"width": 2, "blocks": 1, "norm": "batch", "upsampling": upsampling}
    ways = [randomised(ResnetGenerator(**options)).eval() for _ in range(2)]
    with torch.no_grad():
        for values in ways[1].state_dict().values():
            values.copy_(1.25 * values)
    translator = Translator(dict(zip(("AtoB", "BtoA"), ((G, 3) for G in ways), strict=True)), torch.device("cpu"), {})
    graphs = {}
    for direction in translator.generators:
        file = tmp_path / f"{direction}.onnx"
        assert export_onnx(translator, direction, file, "float", graphs=graphs).excess <= 0.5e-4
    assert len(traced) == 1
    grey = of(randomised(ResnetGenerator(1, 3, **options)).eval(), 1)
    export_onnx(grey, "AtoB", tmp_path / "grey.onnx", "float", graphs=graphs)
    export_onnx(grey, "AtoB", tmp_path / "grey.onnx", "uint8", graphs=graphs)
    assert len(traced) == 3

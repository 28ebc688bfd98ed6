"""A translator as one ONNX file for any runtime: pictures of any size in and out, and no Python between.

Scaling, padding to a size that the network takes and cropping are in the graph. The operators are ONNX's own, and all
their pads are written out: "same" pads with strides are computed wrongly by some runtimes (onnxruntime #26734).
"""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan import __version__
from minicyclegan.data.images import to_array, to_tensor
from minicyclegan.data.sources import world_called
from minicyclegan.files import write_file
from minicyclegan.networks import Direction, InstanceNorm
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import WORLDS, Domain, draw_scene

Pixels = Literal["uint8", "float"]
Precision = Literal["float32", "float16", "int8"]
OPSET = 18  # has all that the networks need, and is old enough for most runtimes
LICENCE = "The code is minicyclegan's, MIT licence. For the weights, the training pictures' licence matters too."
EXTRA = "ONNX needs three packages more, about 125 MB: pip install onnx onnxscript onnxruntime"
# (N, H, W) of the pictures that a model is tried on: tiny, odd, long, two at once
TRIED = [(1, 1, 1), (1, 1, 9), (1, 2, 3), (2, 7, 5), (1, 8, 8), (1, 13, 40), (2, 33, 20), (1, 64, 64), (1, 100, 67)]
TRIED += [(1, 65, 128)]
LARGEST = {"float": 0.5e-4, "uint8": 1.5 / 255}  # how far a pixel may be from PyTorch's, in [0, 1], beside rounding
LARGEST_MEAN = 0.02  # how far the pixels may be on average where weights were rounded


class ExportError(Exception):
    """A model that can't be exported; the message says why and what to do."""


class Difference(NamedTuple):
    """Of ONNX Runtime's pictures from PyTorch's, in [0, 1].

    largest   of the pixel that differs most
    mean      of all pixels
    excess    the largest beyond ten times what PyTorch's own rounding does to the same picture: very small pictures are
              maps of 2 x 2 pixels inside, whose norms lift rounding
    """

    largest: float
    mean: float
    excess: float

    def __str__(self) -> str:
        return f"{255 * self.largest:.2g} of 255 apart at most, {255 * self.mean:.2g} on average"


def export_onnx(
    translator: Translator, direction: Direction, path: Path, pixels: Pixels = "uint8",
    precision: Precision = "float32", graphs: dict[str, bytes] | None = None
) -> Difference:  # fmt: skip
    """Writes one direction of a translator as ONNX, and returns how far its pictures are from PyTorch's.

    pixels      "uint8", from 0 to 255, or "float", in [0, 1]: of what goes in and of what comes out
    precision   of the weights: "float16" halves the file; "int8", with one scale a channel, quarters it. All else is
                float32, so that norms stay what they are.
    graphs      for exports that share it, a network of the same layers is traced once, which takes most of the time

    Inputs: picture (N, C, H, W), N, H and W any numbers from 1; for a translator with a code also code (N, latent),
    float32. Output: translation (N, C, H, W). The metadata say what it is.

    Raises ExportError where the extra is missing, for a network that PyTorch can't export, and where ONNX Runtime's
    pictures, ten of as many sizes, are not PyTorch's; WriteError. Then there is no file, or still the one of before.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ExportError(f"{EXTRA} ({error.name} is missing)") from None
    model = _graph(translator, direction, pixels, {} if graphs is None else graphs)
    _tidy(model)
    if precision != "float32":
        _shrink(model.graph, precision)
    onnx.helper.set_model_props(model, _metadata(translator, direction, model))
    content = model.SerializeToString()
    difference = compare(content, translator, direction, pixels)
    if not (difference.excess <= LARGEST[pixels] if precision == "float32" else difference.mean <= LARGEST_MEAN):
        raise ExportError(f"{path}: not written: in ONNX Runtime, pictures would not be PyTorch's, but {difference}")
    write_file(Path(path), content)
    return difference


class _Exported(nn.Module):
    """The network between pictures as callers have them."""

    def __init__(self, network: nn.Module, pixels: Pixels):
        super().__init__()
        self.network, self.pixels = copy.deepcopy(network).cpu().requires_grad_(False), pixels
        vars(self.network).pop("forward", None)  # what the translator runs is arranged for PyTorch on a CPU
        for module in self.network.modules():
            if isinstance(module, InstanceNorm):
                module.forward = _instance_norm

    def forward(self, picture: Tensor, code: Tensor | None = None) -> Tensor:
        x = picture.float() / 127.5 - 1 if self.pixels == "uint8" else picture * 2 - 1  # (N, C, H, W)
        height, width = x.shape[-2:]
        fitting = getattr(self.network, "fitting_side", lambda side: side)
        x = F.pad(x, (0, fitting(width) - width, 0, fitting(height) - height), mode="replicate")  # (N, C, more, more)
        y = self.network(x) if code is None else self.network(x, code)  # (N, C, more, more)
        return _to_pixels(y[..., :height, :width], self.pixels)  # (N, C, H, W)


def _to_pixels(y: Tensor, pixels: Pixels) -> Tensor:
    return ((y + 1) * 127.5).round().clamp(0, 255).to(torch.uint8) if pixels == "uint8" else (y + 1) / 2


def _instance_norm(x: Tensor) -> Tensor:
    """Less each channel's first pixel, which changes nothing, but that an even map is 0 whatever a runtime rounds.

    Else the division by sqrt(eps) lifts that rounding, norm after norm, until a picture of one colour is noise.
    """
    return F.instance_norm(x - x[..., 0, 0][..., None, None], eps=1e-5)  # (N, C, H, W)


def _graph(translator: Translator, direction: Direction, pixels: Pixels, graphs: dict[str, bytes]) -> Any:
    """The onnx.ModelProto of this direction, its weights in float32."""
    import onnx
    from onnxscript import optimizer

    network, channels = translator.generators[direction]
    exported = _Exported(network, pixels).eval()
    layers = f"{channels} {pixels} {exported}"
    if layers not in graphs:
        graphs[layers] = _trace(exported, channels, translator.latent)
    model = onnx.ModelProto.FromString(graphs[layers])
    weights = exported.state_dict()
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            tensor.CopyFrom(onnx.numpy_helper.from_array(weights[tensor.name].numpy(), tensor.name))
    # What depends on weights alone is computed now, however large: the weights of balanced convolutions.
    return optimizer.optimize(model, input_size_limit=2**40, output_size_limit=2**40)


def _trace(exported: _Exported, channels: int, latent: int) -> bytes:
    """The ONNX of a network as PyTorch writes it."""
    any_number = torch.export.Dim.DYNAMIC
    # An example of one picture, or of a size that fits, would be taken for a rule.
    example = [_to_pixels(torch.zeros(2, channels, 21, 35), exported.pixels)]
    sizes = [dict.fromkeys((0, 2, 3), any_number)]
    if latent:
        example.append(torch.zeros(2, latent))
        sizes.append({0: any_number})
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it warns of packages that nobody needs here
    with warnings.catch_warnings(action="ignore"), torch.no_grad():
        try:
            program = torch.onnx.export(
                exported, tuple(example), dynamo=True, dynamic_shapes=tuple(sizes), opset_version=OPSET, verbose=False,
                optimize=False, input_names=["picture", "code"][: len(example)], output_names=["translation"],
            )  # fmt: skip
        except torch.onnx.OnnxExporterError as error:
            reason = str(error.__cause__ or error).strip().splitlines()[0][:200]
            raise ExportError(f"PyTorch can't turn this network into ONNX: {reason}") from None
    return program.model_proto.SerializeToString()


def _tidy(model: Any) -> None:
    """Takes out lines of source with this machine's paths, names the sizes. Raises ExportError for odd operators."""
    graph = model.graph
    graph.ClearField("value_info")
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for value in (*graph.input, *graph.output):
        for size, name in zip(value.type.tensor_type.shape.dim, ("batch", "", "height", "width"), strict=False):
            if not size.HasField("dim_value"):
                size.dim_param = name
    for node in graph.node:
        pads = [attribute.s for attribute in node.attribute if attribute.name == "auto_pad"]
        if node.domain or set(pads) - {b"NOTSET"}:
            raise ExportError(f"the graph has a {node.op_type} that some runtimes lack, or compute wrongly")


def _shrink(graph: Any, precision: Precision) -> None:
    """Stores the weights in fewer bytes; the graph's first nodes make them float32 again."""
    import onnx

    transposed = {node.input[1] for node in graph.node if node.op_type == "ConvTranspose"}
    for tensor in list(graph.initializer):
        name, weight = tensor.name, onnx.numpy_helper.to_array(tensor)
        if weight.dtype != np.float32 or weight.ndim < 2:
            continue
        if precision == "float16":
            stored, operator, options = [weight.astype(np.float16)], "Cast", {"to": onnx.TensorProto.FLOAT}
        else:
            axis = 1 if name in transposed else 0  # the output channels
            largest = np.abs(weight).max(tuple({*range(weight.ndim)} - {axis}), keepdims=True)
            scale = np.maximum(largest, 1e-30) / 127  # (out, 1, 1, 1) or (1, out, 1, 1)
            stored, operator = [np.rint(weight / scale).astype(np.int8), scale.ravel()], "DequantizeLinear"
            options = {"axis": axis}
        names = [f"{name}.{part}" for part in ("stored", "scale")[: len(stored)]]
        graph.initializer.remove(tensor)
        graph.initializer.extend(map(onnx.numpy_helper.from_array, stored, names))
        graph.node.insert(0, onnx.helper.make_node(operator, names, [name], **options))


def domains(translator: Translator, direction: Direction) -> tuple[str, str]:
    """What the pictures that go in show, and those that come out, in words."""
    data = translator.settings.get("data", ())
    world = world_called(data)
    names = world.domains if world else tuple(Path(name).name for name in data) if len(data) == 2 else ("A", "B")
    return names if _takes(translator, direction) == "A" else names[::-1]


def _takes(translator: Translator, direction: Direction) -> Domain:
    """The domain of the training data that goes in: trained BtoA, a model's A is the data's B."""
    return "A" if translator.settings.get("direction", "AtoB") == direction else "B"


def _metadata(translator: Translator, direction: Direction, model: Any) -> dict[str, str]:
    origin, target = domains(translator, direction)
    size = translator.settings.get("size", 256)  # the original's networks learned at 256
    takes, gives = (part[0].type.tensor_type.shape.dim[1].dim_value for part in (model.graph.input, model.graph.output))
    given = {"domain_from": origin, "domain_to": target, "direction": direction, "size": size, "channels_in": takes,
             "channels_out": gives, "latent": translator.latent, "licence": LICENCE,
             "minicyclegan": __version__}  # fmt: skip
    return {key: str(value) for key, value in given.items()}


def compare(model: bytes, translator: Translator, direction: Direction, pixels: Pixels) -> Difference:
    """How far ONNX Runtime's pictures are from PyTorch's, on ten pictures of a world, of ten sizes."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    world = world_called(translator.settings.get("data", ())) or WORLDS["horse2zebra"]
    domain, mode = _takes(translator, direction), "L" if translator.generators[direction][1] == 1 else "RGB"
    scenes = [draw_scene(world, "test", domain, index) for index in range(2)]
    drawn = [Image.fromarray(world.render(scene, domain, 64)).convert(mode) for scene in scenes]
    exact = _in_float64(translator, direction)
    differences, excess = [], []
    for count, height, width in TRIED:
        x = to_tensor(np.stack([to_array(one.resize((width, height))) for one in drawn[:count]]))  # (N, C, H, W)
        codes = [translator.codes(count)] if translator.latent else []  # (N, latent)
        z = codes[0] if codes else None
        y, y64 = (one.translate(x, direction, z=z) for one in (translator, exact))  # (N, C, H, W) each
        fed = dict(zip(("picture", "code"), [_to_pixels(x, pixels).numpy(), *map(Tensor.numpy, codes)], strict=False))
        given, right = session.run(None, fed)[0], _to_pixels(y, pixels).numpy()  # (N, C, H, W)
        if given.shape != right.shape:
            raise ExportError(f"ONNX Runtime's picture would have the shape {given.shape}, not {right.shape}")
        apart = np.abs(given.astype(np.float32) - right) / (255 if pixels == "uint8" else 1)  # (N, C, H, W)
        differences.append(apart.ravel())
        excess.append(float(apart.max() - 10 * (y - y64).abs().max() / 2))
    every = np.concatenate(differences)
    return Difference(float(every.max()), float(every.mean()), float(np.max(excess)))  # NaN stays NaN


def _in_float64(translator: Translator, direction: Direction) -> Translator:
    network, channels = translator.generators[direction]
    network, forward = copy.deepcopy(network).cpu().double(), type(network).forward
    network.forward = lambda *inputs: forward(network, *(one.double() for one in inputs))
    exact = copy.copy(translator)
    exact.generators, exact.device = {direction: (network, channels)}, torch.device("cpu")
    return exact

"""A small fixed set of arguments for every function: enough to notice any one change of its source."""

from __future__ import annotations

from typing import Any

import numpy as np


def values(seed: int, *shape: int) -> np.ndarray:
    """Normal values, a tenth of them exactly 0, where relu and the absolute value have their corner."""
    rng = np.random.default_rng((seed, len(shape), *shape))
    return np.where(rng.random(shape) < 0.1, 0.0, rng.standard_normal(shape))


def _arrays(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: values(seed, *shape) for seed, (name, shape) in enumerate(shapes.items())}


_PICTURE, _KERNEL, _BIAS = (2, 4, 7, 6), (6, 2, 3, 2), (6,)
_FAINT = {"input": values(0, 3, 4, 2, 3) / 300, "weight": values(1, 4), "bias": values(2, 4)}  # so that eps counts
_LOGITS = _arrays(input=(3, 4), target=(3, 4)) | {"weight": np.abs(values(2, 4)), "pos_weight": np.abs(values(3, 4))}

# Of PyTorch's functions: arrays and options, by name.
LEGAL: dict[str, list[tuple[dict[str, np.ndarray], dict[str, Any]]]] = {
    "conv2d": [
        (_arrays(input=(2, 4, 5, 4), weight=(3, 4, 3, 2), bias=(3,)), {}),
        (
            _arrays(input=_PICTURE, weight=_KERNEL, bias=_BIAS),
            {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 3), "groups": 2},
        ),
        (_arrays(input=(2, 4, 6, 7), weight=(6, 2, 2, 3)), {"stride": (1, 3), "padding": (2, 0), "groups": 2}),
        (_arrays(input=(4, 6, 7), weight=(3, 4, 2, 4), bias=(3,)), {"padding": "same", "dilation": (3, 1)}),
        (_arrays(input=(1, 1, 5, 6), weight=(1, 1, 3, 4)), {"padding": "same", "dilation": (2, 3)}),
        (_arrays(input=(1, 2, 7, 8), weight=(3, 2, 2, 3)), {"padding": "valid", "stride": (3,)}),
        (_arrays(input=(1, 2, 1, 2), weight=(1, 2, 3, 4)), {"padding": 1, "stride": 2}),
        (_arrays(input=(1, 1, 3, 1), weight=(1, 1, 2, 1)), {"dilation": 2}),
        (_arrays(input=(0, 2, 4, 4), weight=(3, 2, 2, 2)), {}),
    ],
    "conv_transpose2d": [
        (_arrays(input=(2, 3, 3, 4), weight=(3, 2, 3, 2), bias=(2,)), {}),
        (
            _arrays(input=(2, 4, 3, 2), weight=(4, 3, 3, 4), bias=(6,)),
            {"stride": (2, 3), "padding": (1, 2), "output_padding": (1, 0), "groups": 2, "dilation": (1, 2)},
        ),
        (_arrays(input=(4, 2, 3), weight=(4, 3, 2, 2)), {"dilation": 3, "output_padding": (2, 1)}),
        (_arrays(input=(1, 2, 1, 1), weight=(2, 1, 3, 3)), {"padding": 1, "stride": 2, "output_padding": 0}),
        (_arrays(input=(0, 2, 3, 3), weight=(2, 1, 3, 3)), {}),
    ],
    "avg_pool2d": [
        (_arrays(input=_PICTURE), {"kernel_size": 2}),
        (_arrays(input=_PICTURE), {"kernel_size": (3, 2), "stride": (2, 3), "padding": (1, 1)}),
        (_arrays(input=_PICTURE), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
        (_arrays(input=(2, 6, 9)), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
        (
            _arrays(input=(1, 2, 6, 6)),
            {"kernel_size": 3, "stride": 4, "padding": 1, "ceil_mode": True, "count_include_pad": False},
        ),
        (_arrays(input=(1, 1, 5, 3)), {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
        (_arrays(input=(1, 2, 4, 4)), {"kernel_size": (4, 3), "divisor_override": 5}),
        (_arrays(input=(1, 2, 4, 5)), {"kernel_size": (1, 4), "stride": 1, "padding": (0, 2)}),
        (_arrays(input=(1, 2, 5, 4)), {"kernel_size": (4, 1), "stride": 1, "padding": (2, 0), "ceil_mode": True}),
    ],
    "pad": [
        (_arrays(input=(3, 4)), {"pad": (1, 2, 0, -1)}),
        (_arrays(input=(2, 3, 4)), {"pad": (-1, 3, 2, 0, 1, 1), "value": 0.5}),
        (_arrays(input=(3,)), {"pad": (-3, 0)}),
        (_arrays(input=(2, 3)), {"pad": ()}),
        (_arrays(input=(2, 3, 4, 5)), {"pad": (4, 2, 1, 3), "mode": "reflect"}),
        (_arrays(input=(2, 6)), {"pad": (-2, 3), "mode": "reflect"}),
        (_arrays(input=(2, 3, 4, 3)), {"pad": (2, 1, -1, 2, 1, 2), "mode": "reflect"}),
        (_arrays(input=(3, 4, 5)), {"pad": (2, 6, 1, -2), "mode": "replicate"}),
        (_arrays(input=(1, 2, 3, 1, 2)), {"pad": (1, 2, 3, 0, 0, 1), "mode": "replicate"}),
        (_arrays(input=(3, 1, 4)), {"pad": (1, -4), "mode": "replicate"}),
        (_arrays(input=(0, 2, 3)), {"pad": (1, 1), "mode": "reflect"}),
        (_arrays(input=(1, 4, 5)), {"pad": (1, 1, 1, 1), "mode": "reflect"}),
    ],
    "instance_norm": [
        (_FAINT, {}),
        ({"input": values(3, 2, 3, 4)}, {"eps": 0.5}),
        ({"input": values(4, 1, 2, 1, 2, 2), "weight": values(5, 2)}, {"eps": 1e-3}),
    ],
    "batch_norm": [
        (_FAINT, {"running_mean": None, "running_var": None, "training": True}),
        (_FAINT, {"running_mean": values(6, 4), "running_var": values(7, 4) ** 2, "training": True}),
        (_FAINT, {"running_mean": values(6, 4), "running_var": values(7, 4) ** 2 / 1e4}),
        (
            {"input": values(8, 2, 3)},
            {"running_mean": values(6, 3), "running_var": values(7, 3) ** 2, "training": True, "momentum": 0.3},
        ),
        (
            {"input": values(8, 0, 3)},
            {"running_mean": values(6, 3), "running_var": values(7, 3) ** 2, "training": True},
        ),
        ({"input": values(9, 1, 2)}, {"running_mean": values(6, 2), "running_var": values(7, 2) ** 2, "eps": 0.5}),
    ],
    "relu": [({"input": values(0, 40)}, {})],
    "leaky_relu": [({"input": values(0, 40)}, {}), ({"input": values(0, 40)}, {"negative_slope": 0.2})],
    "tanh": [({"input": values(0, 5, 8)}, {})],
    "sigmoid": [({"input": values(0, 40) * 20}, {})],
    "linear": [
        (_arrays(input=(2, 3, 4), weight=(5, 4), bias=(5,)), {}),
        (_arrays(input=(4,), weight=(5, 4)), {}),
        (_arrays(input=(3, 4), weight=(4,)), {}),
    ],
    "l1_loss": [(_arrays(input=(3, 4), target=(3, 4)), {"reduction": one}) for one in ("none", "mean", "sum")],
    "mse_loss": [(_arrays(input=(3, 4), target=(3, 4)), {"reduction": one}) for one in ("none", "mean", "sum")],
    "binary_cross_entropy_with_logits": [
        ({key: _LOGITS[key] for key in ("input", "target")}, {}),
        ({key: _LOGITS[key] for key in ("input", "target")}, {"weight": _LOGITS["weight"], "reduction": "sum"}),
        (
            {"input": _LOGITS["input"] * 300, "target": _LOGITS["target"]},
            {"pos_weight": _LOGITS["pos_weight"], "reduction": "none"},
        ),
    ],
}

X = np.zeros((1, 4, 5, 5))
W = np.zeros((6, 4, 3, 3))
# What PyTorch refuses, and what our refusal must say.
ILLEGAL: list[tuple[str, tuple, dict[str, Any], str]] = [
    ("conv2d", (np.zeros((5, 5)), W), {}, r"\(5, 5\)"),
    ("conv2d", (np.zeros((1, 3, 5, 5)), W), {}, r"\(6, 4, 3, 3\).*\(1, 3, 5, 5\)"),
    ("conv2d", (X, W, np.zeros(4)), {}, r"\(6,\).*\(4,\)"),
    ("conv2d", (X, W), {"groups": 4}, "multiple of groups=4"),
    ("conv2d", (X, W[:0]), {}, r"first dimension.*\(0, 4, 3, 3\)"),
    ("conv2d", (X[:, :, :2], W), {}, r"\(1, 4, 2, 5\)"),
    ("conv2d", (X, W), {"groups": 0}, "groups=0"),
    ("conv2d", (X, W), {"padding": -1}, "padding"),
    ("conv2d", (X, W), {"stride": 0}, "stride"),
    ("conv2d", (X, W), {"dilation": (1, 0)}, "dilation"),
    ("conv2d", (X, W), {"stride": (1, 2, 3)}, "stride"),
    ("conv2d", (X, W), {"padding": "full"}, "full"),
    ("conv2d", (X, W), {"padding": "same", "stride": 2}, "stride 1"),
    ("conv2d", (X, W), {"dilation": 3}, r"\(1, 4, 5, 5\)"),
    ("conv2d", (X[:, :, :0], W), {"padding": 3}, r"\(1, 4, 0, 5\)"),
    ("conv_transpose2d", (X, W), {}, r"\(6, 4, 3, 3\).*\(1, 4, 5, 5\)"),
    ("conv_transpose2d", (X, W[:4], np.zeros(3)), {}, r"\(4,\).*\(3,\)"),
    ("conv_transpose2d", (X, W[:4]), {"output_padding": 1}, "output_padding"),
    ("conv_transpose2d", (X, W[:4]), {"padding": 4}, r"\(-1, -1\)"),
    ("conv_transpose2d", (X, W[:4]), {"padding": (0, 4)}, r"\(7, -1\)"),
    ("avg_pool2d", (X, 6), {}, r"\(1, 4, 5, 5\)"),
    ("avg_pool2d", (X, 2), {"padding": 2}, "half"),
    ("avg_pool2d", (X, 2, 0), {}, "stride"),
    ("avg_pool2d", (X[0, 0], 2), {}, r"\(5, 5\)"),
    ("avg_pool2d", (X, 2), {"divisor_override": 0}, "zero"),
    ("pad", (X, (1, 1, 1)), {}, "two numbers"),
    ("pad", (X, (-3, -3)), {}, r"\(1, 4, 5, 5\)"),
    ("pad", (X, (-6, 3)), {}, r"\(1, 4, 5, 5\)"),
    ("pad", (X, (1, -6)), {}, r"\(1, 4, 5, 5\)"),
    ("pad", (X, (-6, 1)), {}, r"\(1, 4, 5, 5\)"),
    ("pad", (X[0, :0], (1, 1, 1, 1), "reflect"), {}, r"\(0, 5, 5\)"),
    ("pad", (X[0, :, :0], (1, 1, 1, 1), "replicate"), {}, r"\(4, 0, 5\)"),
    ("pad", (X, (1, 1), "mirror"), {}, "mirror"),
    ("pad", (X, (1, 1), "reflect"), {}, r"\(1, 4, 5, 5\)"),
    ("pad", (X, (5, 1, 0, 0), "reflect"), {}, r"\(1, 4, 5, 5\)"),
    ("pad", (X, (1, 1, 1, 1), "replicate", 1.0), {}, "value"),
    ("pad", (X[:, :, :0], (1, 1, 1, 1), "replicate"), {}, r"\(1, 4, 0, 5\)"),
    ("instance_norm", (X[:, :, :1, :1],), {}, r"\(1, 4, 1, 1\)"),
    ("instance_norm", (X,), {"weight": np.zeros(3)}, r"\(4,\).*\(3,\)"),
    ("batch_norm", (X[:, :, 0, 0], None, None), {"training": True}, r"\(1, 4\)"),
    ("batch_norm", (X, None, None), {}, "evaluation"),
    ("batch_norm", (X, np.zeros(4), None), {"training": True}, "both"),
    ("batch_norm", (X, np.zeros(3), np.ones(3)), {}, r"\(3,\)"),
    ("linear", (np.zeros((2, 3)), np.zeros((4, 2))), {}, r"\(2, 3\) and \(2, 4\)"),
    ("binary_cross_entropy_with_logits", (np.zeros((2, 3)), np.zeros(3)), {}, r"\(3,\).*\(2, 3\)"),
    ("mse_loss", (np.zeros(3), np.zeros(3)), {"reduction": "max"}, "max"),
]

# Name, options, and the shape of each input, of every network of `minicyclegan.networks` that has a twin.
NETWORKS: list[tuple[str, dict[str, Any], list[tuple[int, ...]]]] = [
    ("ResnetGenerator", {"width": 4, "blocks": 2}, [(2, 3, 16, 20)]),
    ("ResnetGenerator", {"width": 2, "blocks": 9}, [(1, 3, 32, 32)]),
    ("ResnetGenerator", {"width": 3, "blocks": 0, "in_channels": 1, "out_channels": 2}, [(2, 1, 8, 12)]),
    ("ResnetGenerator", {"width": 4, "blocks": 2, "norm": "batch"}, [(3, 3, 16, 12)]),
    ("ResnetGenerator", {"width": 4, "blocks": 1, "norm": "none"}, [(2, 3, 9, 11)]),
    ("ResnetGenerator", {"width": 2, "blocks": 2, "dropout": 0.3}, [(2, 3, 8, 8)]),
    ("ResnetGenerator", {"width": 3, "blocks": 1, "upsampling": "balanced"}, [(2, 3, 8, 12)]),
    ("ResnetGenerator", {"width": 3, "blocks": 1, "upsampling": "nearest"}, [(2, 3, 8, 12)]),
    ("UnetGenerator", {"width": 2, "depth": 3, "upsampling": "balanced", "norm": "instance"}, [(2, 3, 16, 8)]),
    ("UnetGenerator", {"width": 2, "depth": 3, "upsampling": "nearest"}, [(3, 3, 8, 16)]),
    ("ResnetGenerator", {"width": 3, "blocks": 1, "upsampling": "bilinear"}, [(2, 3, 8, 12)]),
    ("UnetGenerator", {"width": 2, "depth": 3, "upsampling": "bilinear", "norm": "instance"}, [(3, 3, 8, 16)]),
    ("UnetGenerator", {"width": 2, "depth": 4}, [(3, 3, 16, 32)]),
    ("UnetGenerator", {"width": 1, "depth": 7}, [(2, 3, 128, 128)]),
    ("UnetGenerator", {"width": 1, "depth": 6, "dropout": 0.0}, [(3, 3, 64, 64)]),
    (
        "UnetGenerator",
        {"width": 3, "depth": 2, "norm": "instance", "in_channels": 1, "out_channels": 2},
        [(1, 1, 4, 8)],
    ),
    ("UnetGenerator", {"width": 2, "depth": 5, "norm": "instance", "skips": False}, [(1, 3, 64, 32)]),
    ("UnetGenerator", {"width": 2, "depth": 3, "norm": "none", "skips": False, "out_channels": 1}, [(3, 3, 8, 16)]),
    (
        "UnetGenerator",
        {"width": 2, "depth": 3, "norm": "none", "latent": 1, "latent_at": "input"},
        [(2, 3, 8, 8), (2, 1)],
    ),
    ("UnetGenerator", {"width": 2, "depth": 4, "norm": "instance", "latent": 8}, [(3, 3, 32, 16), (3, 8)]),
    ("UnetGenerator", {"width": 2, "depth": 5, "latent": 8, "in_channels": 1}, [(2, 1, 32, 32), (2, 8)]),
    (
        "UnetGenerator",
        {"width": 2, "depth": 3, "latent": 8, "latent_at": "input", "skips": False},
        [(3, 3, 8, 8), (3, 8)],
    ),
    ("PatchDiscriminator", {"width": 4}, [(2, 3, 32, 40)]),
    ("PatchDiscriminator", {"width": 2, "layers": 5}, [(1, 3, 128, 128)]),
    ("PatchDiscriminator", {"width": 4, "layers": 1, "in_channels": 6}, [(2, 6, 9, 12)]),
    ("PatchDiscriminator", {"width": 4, "layers": 2, "norm": "batch"}, [(2, 3, 19, 16)]),
    ("PatchDiscriminator", {"width": 4, "layers": 2, "norm": "none"}, [(2, 3, 16, 16)]),
    ("PixelDiscriminator", {"width": 4}, [(3, 3, 7, 6)]),
    ("PixelDiscriminator", {"width": 3, "norm": "instance", "in_channels": 6}, [(1, 6, 5, 9)]),
    ("PixelDiscriminator", {"width": 2, "norm": "none", "in_channels": 1}, [(2, 1, 1, 1)]),
    ("MultiscaleDiscriminator", {"width": 4, "layers": 2}, [(3, 3, 32, 37)]),
    (
        "MultiscaleDiscriminator",
        {"width": 2, "layers": 1, "norm": "batch", "scales": 3, "in_channels": 4},
        [(2, 4, 33, 32)],
    ),
    ("MultiscaleDiscriminator", {"width": 5, "layers": 1, "norm": "none", "scales": 1}, [(1, 3, 10, 9)]),
    ("StyleEncoder", {"width": 2}, [(3, 3, 64, 64)]),
    ("StyleEncoder", {"width": 3, "blocks": 1, "norm": "batch", "in_channels": 1, "latent": 2}, [(3, 1, 12, 17)]),
    ("StyleEncoder", {"width": 2, "blocks": 3, "norm": "none"}, [(1, 3, 27, 16)]),
    ("StyleEncoder", {"width": 2, "blocks": 0, "latent": 1}, [(2, 3, 4, 6)]),
]

# What both engines refuse as a ValueError: name, options, the shape of each input, and what the message says.
REFUSED: list[tuple[str, dict[str, Any], list[tuple[int, ...]], str]] = [
    ("ResnetGenerator", {"upsampling": "cubic"}, [], "upsampling must be .* not 'cubic'"),
    ("UnetGenerator", {"depth": 1}, [(1, 3, 4, 4)], "depth must be at least 2, not 1"),
    ("UnetGenerator", {"depth": 3}, [(1, 3, 20, 16)], "multiples of 8, not 20 x 16"),
    ("UnetGenerator", {"depth": 3}, [(1, 3, 16, 12)], "multiples of 8, not 16 x 12"),
    ("UnetGenerator", {"depth": 2, "latent": 8}, [(2, 3, 8, 8)], r"\(2, 8\).*(none|None)"),
    ("UnetGenerator", {"depth": 2, "latent": 8}, [(2, 3, 8, 8), (2, 7)], r"\(2, 8\).*\(2, 7\)"),
    ("UnetGenerator", {"depth": 2, "latent": 8}, [(2, 3, 8, 8), (1, 8)], r"\(2, 8\).*\(1, 8\)"),
    ("UnetGenerator", {"depth": 2}, [(2, 3, 8, 8), (2, 8)], "code"),
    ("UnetGenerator", {"depth": 3, "norm": "layer"}, [(1, 3, 8, 8)], "'layer'"),
    ("PixelDiscriminator", {"norm": "instance"}, [(2, 3, 1, 1)], "1 x 1|1 spatial"),
    ("StyleEncoder", {"blocks": 3}, [(2, 3, 8, 8)], "1 x 1|1 spatial|sides of 16"),
]

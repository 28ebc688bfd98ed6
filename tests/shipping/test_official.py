"""shipping/official.py: networks of the original code give the same pictures here, and what is none is named."""

import os
import re
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import minicyclegan
from minicyclegan.networks import PatchDiscriminator, PixelDiscriminator, ResnetGenerator, UnetGenerator
from minicyclegan.shipping.official import load_official, recognise
from minicyclegan.training.checkpoint import CheckpointError
from tests.shipping.original_networks import (
    original_patch,
    original_pixel,
    original_resnet,
    original_unet,
    randomised,
)

OFFICIAL = Path(__file__).parents[2] / "../shared/data/official"
needs_data = pytest.mark.skipif(
    not (OFFICIAL / "networks.pt").exists(), reason="the published code's recorded outputs are not on this machine"
)
NORMS = ("instance", "batch", "none")


def pictures(channels: int, side: int, count: int = 1) -> torch.Tensor:
    draw = torch.Generator().manual_seed(side)
    return torch.rand(count, channels, side, side, generator=draw) * 2 - 1


def same_layout(network: nn.Module, other: nn.Module) -> bool:
    ours, theirs = ([(key, v.shape, v.dtype) for key, v in one.state_dict().items()] for one in (network, other))
    return ours == theirs


def assert_loads(original: nn.Module, x: torch.Tensor, network_class: type[nn.Module], **options) -> None:
    state = original.state_dict()
    assert recognise(state) == (network_class, options)
    network = load_official(state)
    assert type(network) is network_class and not network.training
    assert same_layout(network, network_class(**options))
    assert all(value.dtype == torch.float32 for value in network.parameters())
    with torch.no_grad():
        # float32: two orders of summation differ by this much, as the published code does between machines
        torch.testing.assert_close(network(x), original(x), rtol=0, atol=2e-5)
        # float64: nothing but rounding is left
        torch.testing.assert_close(network.double()(x.double()), original.double()(x.double()), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("blocks", [6, 9])
@pytest.mark.parametrize("channels, out", [(3, 3), (1, 3), (3, 1)])
def test_resnet_generators(blocks, norm, dropout, channels, out):
    original = randomised(original_resnet(channels, out, 3, blocks, norm, dropout))
    options = {"in_channels": channels, "out_channels": out, "width": 3, "blocks": blocks}
    options |= {"dropout": 0.5 * dropout, "norm": norm}
    assert_loads(original, pictures(channels, 16, count=2), ResnetGenerator, **options)


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("depth, side", [(5, 32), (5, 64), (6, 64), (7, 128), (8, 256)])
def test_unet_generators(depth, side, norm, dropout):
    original = randomised(original_unet(3, 1, 2, depth, norm, dropout))
    options = {"in_channels": 3, "out_channels": 1, "depth": depth, "width": 2, "dropout": 0.5, "norm": norm}
    assert_loads(original, pictures(3, side), UnetGenerator, **options)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("channels", [1, 3, 6])
@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5])
def test_patch_discriminators(layers, channels, norm):
    original = randomised(original_patch(channels, 4, layers, norm))
    options = {"in_channels": channels, "width": 4, "layers": layers, "norm": norm}
    assert_loads(original, pictures(channels, 96), PatchDiscriminator, **options)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("channels", [1, 3, 6])
def test_pixel_discriminators(channels, norm):
    original = randomised(original_pixel(channels, 5, norm))
    assert_loads(original, pictures(channels, 9), PixelDiscriminator, in_channels=channels, width=5, norm=norm)


SIZES = st.integers(1, 5)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_size_is_read_off_and_fits(data):
    channels, out, width, norm = *(data.draw(SIZES) for _ in range(3)), data.draw(st.sampled_from(NORMS))
    options = {"in_channels": channels, "width": width, "norm": norm}
    family = data.draw(st.sampled_from([ResnetGenerator, UnetGenerator, PatchDiscriminator, PixelDiscriminator]))
    if family is ResnetGenerator:
        blocks = data.draw(st.integers(0, 11))
        dropout = data.draw(st.booleans()) and blocks > 0  # without a block there is nothing to read it off
        original = original_resnet(channels, out, width, blocks, norm, dropout)
        options |= {"out_channels": out, "blocks": blocks, "dropout": 0.5 * dropout}
    elif family is UnetGenerator:
        depth = data.draw(st.integers(2, 9))
        original = original_unet(channels, out, width, depth, norm, data.draw(st.booleans()))
        options |= {"out_channels": out, "depth": depth, "dropout": 0.5}
    elif family is PatchDiscriminator:
        layers = data.draw(st.integers(1, 7))
        original = original_patch(channels, width, layers, norm)
        options |= {"layers": layers}
    else:
        original = original_pixel(channels, width, norm)
    assert recognise(original.state_dict()) == (family, options)
    assert same_layout(load_official(original.state_dict()), family(**options))


@needs_data
@pytest.mark.parametrize("name", ["resnet_9blocks", "D_basic"])
def test_the_published_networks_outputs(name):
    official = torch.load(OFFICIAL / "networks.pt", weights_only=True)[name]
    with torch.no_grad():
        torch.testing.assert_close(load_official(official["state"])(official["x"]), official["y"], rtol=0, atol=2e-5)


@needs_data
def test_the_published_training_runs_networks():
    official = torch.load(OFFICIAL / "cyclegan_steps.pt", weights_only=True)
    sizes = {"in_channels": 3, "width": 2, "norm": "instance"}
    generator = (ResnetGenerator, sizes | {"out_channels": 3, "blocks": 6, "dropout": 0.0})
    discriminator = (PatchDiscriminator, sizes | {"layers": 3})
    for states in (official["init"], official["final"]):
        for name, state in states.items():
            assert recognise(state) == (generator if name.startswith("G") else discriminator)
            # float64 weights, rounded once
            head = "head" if name.startswith("G") else "last"
            ours, theirs = load_official(state).state_dict()[f"{head}.weight"], list(state.values())[-2]
            assert torch.equal(ours, theirs.float())


def test_what_a_skip_hands_over_makes_no_difference():
    """The published skip is activated, in place; ours is not. The ReLU after it takes the same from either."""
    x = torch.randn(10_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.relu(nn.functional.leaky_relu(x, 0.2)), torch.relu(x))
    published = randomised(original_unet(3, 3, 2, 5, "instance", False))
    plain = original_unet(3, 3, 2, 5, "instance", False, in_place=False).eval()
    plain.load_state_dict(published.state_dict())
    with torch.no_grad():
        assert torch.equal(published(pictures(3, 64)), plain(pictures(3, 64)))


def example(norm: str = "batch") -> OrderedDict[str, torch.Tensor]:
    return randomised(original_resnet(3, 3, 2, 1, norm, dropout=False)).state_dict()


def assert_same(network: nn.Module, other: nn.Module) -> None:
    torch.testing.assert_close(network.state_dict(), other.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module." * 2])
@pytest.mark.parametrize("original", [original_resnet(3, 3, 2, 1, "batch", False), original_pixel(3, 2, "batch")])
def test_prefixes_are_passed_over_and_errors_keep_them(original, prefix):
    state = original.state_dict()
    prefixed = {prefix + key: value for key, value in state.items()}
    assert_same(load_official(prefixed), load_official(state))
    key = next(iter(prefixed))
    with pytest.raises(CheckpointError, match=re.escape(f"'{key}' has shape (1,)")):
        load_official(prefixed | {key: torch.zeros(1)})


def test_one_key_under_two_prefixes_is_refused():
    state = example()
    with pytest.raises(CheckpointError, match="are the same key under two prefixes"):
        load_official(state | {"module.model.1.weight": state["model.1.weight"]})


def test_running_statistics_of_an_instance_norm_are_ignored():
    batch, state = example("batch"), example("instance")
    old = {key: value for key, value in batch.items() if "running" in key or "tracked" in key}
    assert len(old) == 7 * 3  # seven norms
    assert_same(load_official(state | old), load_official(state))


def test_batch_norm_statistics_are_loaded_and_their_count_may_be_absent():
    state = example("batch")
    old = {key: value for key, value in state.items() if "tracked" not in key}
    new, loaded = load_official(state).state_dict(), load_official(old).state_dict()
    assert list(new) == list(loaded)
    for key, value in loaded.items():
        assert torch.equal(value, torch.tensor(0) if "tracked" in key else new[key]), key
        assert "tracked" not in key or new[key] == 7


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_floating_point_type_becomes_float32(dtype):
    state = {key: value.to(dtype) if value.is_floating_point() else value for key, value in example().items()}
    expected = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    assert_same(load_official(state), load_official(expected))
    assert all(value.dtype == torch.float32 for value in load_official(state).parameters())


def test_what_is_given_stays_as_it_is():
    state = example()
    before = {key: value.clone() for key, value in state.items()}
    random_state = torch.get_rng_state()
    network = load_official(state)
    assert torch.equal(torch.get_rng_state(), random_state)
    with torch.no_grad():
        for value in network.state_dict().values():
            value.add_(1)
    assert list(state) == list(before) and all(torch.equal(state[key], before[key]) for key in before)
    assert all(parameter.requires_grad for parameter in network.parameters())


WRONG = [
    original_resnet(3, 3, 2, 1, "instance", dropout=False),
    original_resnet(3, 3, 2, 1, "batch", dropout=True),
    original_resnet(3, 3, 2, 2, "none", dropout=True),
    *(original_unet(3, 1, 2, 5, norm, False) for norm in NORMS),
    *(original_patch(3, 2, layers, norm) for layers, norm in zip([2, 1, 3], NORMS, strict=True)),
    *(original_pixel(3, 2, norm) for norm in NORMS),
]
INNERMOST = "model.model.1" + ".model.3" * 3 + ".model"
EXTRA = ["a", "model", "model.0.x", "model.30.weight", "model.10.conv_block.9.weight", "model.40.bias", "net.9.weight"]
EXTRA += [f"{INNERMOST}.3.model.1.weight", "model.model.1.model.9.weight", "1.model.4.bias"]


def assert_named(state: dict[str, torch.Tensor], clause: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_official(state)
    surprises = str(caught.value).split(", but ")[-1]
    assert surprises.startswith(clause) and ";" not in surprises and "\n" not in str(caught.value), caught.value


@pytest.mark.parametrize("original", WRONG)
def test_the_key_that_surprised_is_named(original):
    state = original.state_dict()
    head = [key for key in state if "model" in key][-2:-1] if "model.1.weight" in state else []
    for key, value in state.items():
        if not key.endswith("num_batches_tracked"):
            assert_named({other: state[other] for other in state if other != key}, f"'{key}' is missing")
        # Twice the output channels would set the last weight against its bias, of which either could be wrong.
        other = torch.cat([value, value]) if value.ndim and key not in head else value[None]
        assert_named(state | {key: other}, f"'{key}' has shape")
    for key in EXTRA:
        assert_named(state | {key: torch.zeros(2)}, f"'{key}' is unexpected")


@pytest.mark.parametrize(
    "given, reason",
    [
        ({}, "an empty one"),
        ({"features.0.weight": torch.zeros(4, 3, 3, 3)}, "'features.0.weight' is no key of its ResNet"),
        (ResnetGenerator(width=2, blocks=1).state_dict(), "'stem.weight' is no key of its ResNet"),
        ({"state_dict": example()}, "'state_dict' holds a dict, not a tensor; .* pass it alone"),
        (example() | {"epoch": 3}, "'epoch' holds int"),
        (example() | {3: torch.zeros(3)}, "3 holds Tensor; a state dict has names"),
        (example() | {"model.1.weight": [1.0]}, "'model.1.weight' holds list"),
        (example() | {"model.1.weight": torch.zeros(2, 3, 7, 7).long()}, "'model.1.weight' holds torch.int64 numbers"),
        (example() | {"model.1.weight": torch.zeros(2, 3, 7, 7, device="meta")}, "'model.1.weight' .* on meta"),
        (example() | {"model.2.bias": torch.zeros(2).to_sparse()}, "'model.2.bias' .* not plain weights"),
        (original_patch(3, 4, 3, "none"), "expected a state dict, got Named"),
    ],
)
def test_what_is_no_state_dict_is_refused(given, reason):
    with pytest.raises(CheckpointError, match=reason):
        load_official(given)


def test_a_norm_with_weights_but_without_statistics_is_refused():
    """An instance norm that learns a scale: nothing that was published."""
    state = example("instance")
    affine = {
        key: value for key, value in example("batch").items() if re.fullmatch(r"model\.[258]\.(weight|bias)", key)
    }
    with pytest.raises(CheckpointError, match=r"norm instance, but 'model\.2\.weight' is unexpected"):
        load_official(state | affine)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_both_kinds_of_file(tmp_path, zipped):
    path = tmp_path / "latest_net_G.pth"
    torch.save(example(), path, _use_new_zipfile_serialization=zipped)
    assert_same(load_official(path), load_official(example()))
    assert_same(load_official(str(path)), load_official(example()))


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_file_that_would_run_code_does_not(tmp_path, zipped):
    path = tmp_path / "evil.pth"
    torch.save(example() | {"x": Touch(tmp_path / "touched")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        CheckpointError, match=r"evil\.pth: not a readable checkpoint: holds more than tensors \(\w+\.mkdir\)"
    ):
        load_official(path)
    assert not (tmp_path / "touched").exists()


def test_files_that_are_none_of_it(tmp_path, tiny_run):
    def file(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    for zipped in (True, False):
        torch.save(example(), tmp_path / "whole", _use_new_zipfile_serialization=zipped)
        whole = (tmp_path / "whole").read_bytes()
        for share in (0.02, 0.5, 0.98):
            file(f"cut_{zipped}_{share}", whole[: int(share * len(whole))])
    torch.save([1, 2], tmp_path / "list")
    torch.save({"model.1.weight": torch.zeros(1)}, tmp_path / "shape")
    torch.save(nn.Conv2d(1, 1, 1), tmp_path / "module")
    refused = {path: "not a readable checkpoint" for path in sorted(tmp_path.glob("cut_*"))}
    refused |= {
        tmp_path / "missing.pth": "no such checkpoint",
        tmp_path: "a folder",
        file("empty", b""): "not a readable checkpoint",
        file("page", b"<html>404</html>"): "not a readable checkpoint",
        file("text", b"hello"): "not a readable checkpoint",
        tmp_path / "list": "expected a state dict, got list",
        tmp_path / "shape": "'model.1.weight' is no key",
        tmp_path / "module": "holds more than tensors (torch.nn.modules.conv.Conv2d)",
        tiny_run / "checkpoint.pt": "minicyclegan.load reads it",
    }
    for path, reason in refused.items():
        with pytest.raises(CheckpointError) as caught:
            load_official(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ") and reason in message, message
        assert "\n" not in message and len(message) < 400 + len(str(path))
        assert "with `weights_only` set" not in message  # PyTorch's advice to open it all the same


def test_the_package_offers_it():
    assert minicyclegan.load_official is load_official

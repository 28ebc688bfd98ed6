"""training/speed.py: what chooses itself and why; a model computes the same however it is made to compute."""

import copy
import os
import re
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from minicyclegan.data.datasets import available_cores
from minicyclegan.devices import DeviceError
from minicyclegan.kernels import fuse, instance_norm
from minicyclegan.models import BicycleGAN, BicycleGANConfig, CycleGAN, CycleGANConfig, Model, Pix2Pix, Pix2PixConfig
from minicyclegan.networks import InstanceNorm
from minicyclegan.training import speed as choosing
from minicyclegan.training.config import TrainConfig, preset
from minicyclegan.training.jobs import _speed_of
from minicyclegan.training.processes import Processes
from minicyclegan.training.speed import Speed, choose_speed, prepare, uncompiled
from tests.models.published import batch

CPU = torch.device("cpu")
NARROW = {"width": 2, "disc_width": 2, "disc_layers": 1}
UNET = NARROW | {"depth": 3}
MODELS = {
    "cyclegan": lambda: CycleGAN(CycleGANConfig(**NARROW, blocks=1, pool_size=3)),
    "pix2pix": lambda: Pix2Pix(Pix2PixConfig(**UNET, dropout=0.0)),
    "bicyclegan": lambda: BicycleGAN(BicycleGANConfig(**UNET, encoder_width=2, encoder_blocks=1, disc_scales=2)),
}


def with_bfloat16(monkeypatch, native: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: native)


@pytest.mark.parametrize("native", [True, False])
def test_a_cpu_computes_in_bfloat16_where_it_can_and_says_why(monkeypatch, native):
    with_bfloat16(monkeypatch, native)
    speed = choose_speed(CPU)
    precision = "bfloat16" if native else "float32"
    assert (speed.precision, speed.compile, speed.memory_format) == (precision, False, "contiguous")
    reason = "this CPU has bfloat16 instructions" if native else "this CPU has no bfloat16 instructions"
    assert reason in speed.because and "compiling takes longer" in str(speed)


@pytest.mark.parametrize("instructions, onednn", [(True, False), (False, True)])
def test_bfloat16_takes_a_processor_and_a_library_that_have_it(monkeypatch, instructions, onednn):
    """ONEDNN_MAX_CPU_ISA=AVX2 keeps the library from it; the library alone may emulate it."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: instructions)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: onednn)
    assert choose_speed(CPU).precision == "float32"


@pytest.mark.parametrize("model", MODELS)
def test_presets_let_it_choose_where_runs_have_shown_no_harm(model):
    """The original's networks compute in float32; BicycleGAN's are worse in bfloat16 in one run of three."""
    for name, device in (("paper", "cuda"), ("small", "cpu"), ("small", "cuda"), ("photos", "cpu")):
        expected = "auto" if name != "paper" and model != "bicyclegan" else "float32"
        assert TrainConfig(**preset(name, model, device)[0]).precision == expected


def with_gpu(monkeypatch, capability: tuple[int, int] = (9, 0), triton: bool = True) -> torch.device:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(choosing, "HAS_TRITON", triton)
    monkeypatch.setattr(choosing, "_kernels_fail", lambda device: "")
    return torch.device("cuda")


def test_a_gpu_takes_what_was_measured_to_be_faster(monkeypatch):
    speed = choose_speed(with_gpu(monkeypatch))
    chosen = {"precision": "bfloat16", "kernels": True, "graphs": True, "memory_format": "channels_last"}
    assert speed == Speed(**chosen, threads=speed.threads, because=speed.because)
    assert "fused kernels, in CUDA graphs, channels last" in str(speed)
    # Without graphs, each launch costs more than a kernel saves.
    eager = choose_speed(torch.device("cuda"), graphs="off")
    assert eager == Speed("bfloat16", threads=eager.threads, because=eager.because)
    assert "this GPU, of compute capability 9.0, has bfloat16" in str(speed)
    assert "compiling is not measured on cuda yet" in str(speed)


def test_kernels_are_taken_where_asked_for(monkeypatch):
    gpu = with_gpu(monkeypatch)
    asked = choose_speed(gpu, kernels="on", graphs="off")
    assert asked.kernels and ", fused kernels, channels last: " in str(asked)
    without = choose_speed(gpu, kernels="off")
    assert not without.kernels and without.memory_format == "contiguous"


@pytest.mark.parametrize(
    "gpu, reason",
    [
        (None, "the kernels are for NVIDIA's GPUs, and this is cpu"),
        (
            {"triton": False},
            'Triton, which compiles the kernels, is not installed (pip install "minicyclegan[kernels]")',
        ),
        (
            {"capability": (7, 5)},
            "this GPU, of compute capability 7.5, has no bfloat16, and the kernels need 8.0 or more",
        ),
    ],
)
def test_kernels_that_can_not_run_are_refused_when_asked_for_and_not_offered(monkeypatch, gpu, reason):
    device = CPU if gpu is None else with_gpu(monkeypatch, **gpu)
    with pytest.raises(DeviceError, match=f"^--kernels on: {re.escape(reason)}; leave them out$"):
        choose_speed(device, kernels="on")
    assert "kernels" not in str(choose_speed(device))


def test_a_kernel_that_fails_is_told_before_anything_else_happens(monkeypatch):
    """As where there is no C compiler, which Triton needs."""
    try_one, gpu = choosing._kernels_fail, with_gpu(monkeypatch)
    monkeypatch.setattr(choosing, "_kernels_fail", lambda device: try_one(CPU))
    with pytest.raises(DeviceError, match=r"^--kernels on: a first kernel failed \(\S.*\); leave them out$"):
        choose_speed(gpu, kernels="on")


@pytest.mark.parametrize("asked, then", [("auto", "float32"), ("bfloat16", "bfloat16")])
def test_bfloat16_that_was_not_asked_for_ends_where_it_would_be_emulated(monkeypatch, asked, then):
    began, config = {"speed": asdict(Speed("bfloat16", threads=9)), "device": "cpu"}, TrainConfig(precision=asked)
    for native, expected in ((True, "bfloat16"), (False, then)):
        with_bfloat16(monkeypatch, native)
        speed = _speed_of(began, config, CPU)
        changed = ", but for what can't be had now" * (expected == "float32")
        assert (speed.precision, speed.because) == (expected, f"as the run began{changed}")


def test_float32_goes_on_where_there_is_bfloat16(monkeypatch):
    with_bfloat16(monkeypatch, True)
    assert (
        _speed_of({"speed": asdict(Speed()), "device": "cpu"}, TrainConfig(precision="auto"), CPU).precision
        == "float32"
    )


def test_a_run_with_kernels_goes_on_where_there_are_none():
    """And computes there as a new run would."""
    began = {"speed": asdict(Speed(kernels=True, threads=9)), "device": "cuda:0"}
    assert _speed_of(began, TrainConfig(kernels="on"), CPU) == choose_speed(CPU, "float32")


def test_graphs_do_not_go_on_in_several_processes(monkeypatch):
    device = with_gpu(monkeypatch)
    began = {"speed": asdict(Speed(graphs=True, threads=9)), "device": "cuda:0"}
    for asked in ("auto", "on"):
        assert not _speed_of(began, TrainConfig(graphs=asked), device, Processes(0, 2)).graphs
        assert _speed_of(began, TrainConfig(graphs=asked), device).graphs


def test_what_came_with_graphs_does_not_go_on_without_them(monkeypatch):
    """Channels last serves the fused kernels: without, it costs copies. Their line says that something changed."""
    device = with_gpu(monkeypatch)
    began = {"speed": asdict(Speed(graphs=True, kernels=True, memory_format="channels_last")), "device": "cuda:0"}
    speed = _speed_of(began, TrainConfig(), device, Processes(0, 2))
    assert not speed.graphs and not speed.kernels and speed.memory_format == "contiguous"
    assert speed.because == "as the run began, but for what can't be had now"


def test_graphs_that_can_not_be_are_refused_when_asked_for():
    with pytest.raises(DeviceError, match=r"^--graphs on: CUDA graphs are for NVIDIA's GPUs, and this is cpu"):
        choose_speed(CPU, graphs="on")


@pytest.mark.parametrize("name", MODELS)
def test_every_instance_norm_is_fused(name, monkeypatch):
    """And on a CPU, where the kernel's twin stands in, the steps are those of the plain networks."""
    taken = []
    monkeypatch.setattr(fuse, "instance_norm_act", lambda *given: taken.append(given) or instance_norm.twin(*given))
    plain, other = fresh(name, Speed(kernels=True))
    monkeypatch.setattr(InstanceNorm, "forward", lambda *_: pytest.fail("an instance norm that was not fused"))
    losses = other.step(*batch(0, count=2))
    monkeypatch.undo()
    expected = plain.step(*batch(0, count=2))
    assert bool(taken) == (name != "pix2pix")  # which has batch norm
    assert {term: loss.item() for term, loss in losses.items()} == pytest.approx(
        {term: loss.item() for term, loss in expected.items()}, rel=1e-9, abs=1e-9
    )


def test_an_older_gpu_has_no_bfloat16(monkeypatch):
    speed = choose_speed(with_gpu(monkeypatch, (7, 5)), "bfloat16")
    assert "slow, since this GPU, of compute capability 7.5, has no bfloat16" in str(speed)


def test_what_is_asked_for_wins_and_is_said(monkeypatch):
    with_bfloat16(monkeypatch, False)
    speed = choose_speed(CPU, "bfloat16", "on", "off", "channels_last", 3, "off")
    assert str(speed) == (
        "computing in bfloat16 on 3 threads, compiled, channels last: "
        "bfloat16 as set, and slow, since this CPU has no bfloat16 instructions"
    )
    assert choose_speed(CPU, "float32", "off").because == "float32 as set"


def test_threads_are_pytorchs_and_never_more_than_the_cores(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr(choosing, "available_cores", lambda: 2)
    assert choose_speed(CPU).threads == 2
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # OMP_NUM_THREADS=1
    assert choose_speed(CPU).threads == 1


@pytest.mark.parametrize("share, cores", [("150000 100000", 2), ("10000 100000", 1), ("max 100000", 8), ("", 8)])
def test_cores_are_a_containers_share_of_the_machine(monkeypatch, share, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(Path, "read_text", lambda path, **_: share)
    assert available_cores() == cores


def fresh(name: str, speed: Speed, double: bool = True) -> tuple[Model, Model]:
    models = [MODELS[name]().double() if double else MODELS[name]() for _ in range(2)]
    prepare(models[1], speed, backend="aot_eager")
    return tuple(models)


@pytest.fixture(autouse=True)
def nothing_compiled_before():
    torch.compiler.reset()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("speed", [Speed(compile=True), Speed(memory_format="channels_last")], ids=["c", "channels"])
def test_ten_steps_in_float64_are_the_same_and_move_every_weight(name, speed):
    """Freezing a discriminator after it was compiled would silently stop its gradients, or the generator's."""
    plain, other = fresh(name, speed)
    for step in range(10):
        before = [parameter.clone() for parameter in other.parameters()]
        a, b = batch(step, count=2)
        losses, expected = other.step(a, b), plain.step(a, b)
        for term, value in expected.items():
            assert losses[term].item() == pytest.approx(value.item(), rel=1e-9, abs=1e-9), (step, term)
        for (key, after), was in zip(other.named_parameters(), before, strict=True):
            assert not torch.equal(after, was), (step, key)
    for ours, theirs in zip(other.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    assert list(other.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize("speed", [Speed(compile=True), Speed(memory_format="channels_last")], ids=["c", "channels"])
def test_the_first_step_in_float32_is_the_same(speed):
    plain, other = fresh("cyclegan", speed, double=False)
    a, b = (pictures.float() for pictures in batch(0, count=2))
    losses, expected = other.step(a, b), plain.step(a, b)
    assert {term: loss.item() for term, loss in losses.items()} == pytest.approx(
        {term: loss.item() for term, loss in expected.items()}, rel=1e-5, abs=1e-5
    )


def test_compiled_in_bfloat16_all_graphs_fit_and_sample_grids_need_none():
    """The model with most networks and sizes: beyond PyTorch's limit of graphs a network would quietly run as it is."""
    from torch._dynamo.utils import counters

    model = MODELS["bicyclegan"]()
    prepare(model, Speed("bfloat16", compile=True), backend="aot_eager")
    a, b = (pictures.float() for pictures in batch(0, count=4))
    with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
        for _ in range(2):
            before = [parameter.clone() for parameter in model.parameters()]
            model.step(a, b)
            assert not any(torch.equal(*pair) for pair in zip(model.parameters(), before, strict=True))
        graphs = counters["stats"]["unique_graphs"]
        assert graphs > 0
        with uncompiled(model):
            model.sample_rows(a[:3], "AtoB", b[:3])
    assert counters["stats"]["unique_graphs"] == graphs


def test_the_gradient_penalty_is_never_compiled():
    model = CycleGAN(CycleGANConfig(**NARROW, blocks=1, gan_loss="wgangp"))
    prepare(model, Speed(compile=True), backend="aot_eager")
    compiled = [name for name, network in model.named_children() if network._compiled_call_impl is not None]
    assert compiled == ["G_AB", "G_BA"]


@pytest.mark.parametrize("name", MODELS)
def test_in_bfloat16_only_the_networks_compute_in_it(name):
    plain, mixed = fresh(name, Speed("bfloat16"), double=False)
    a, b = (pictures.float() for pictures in batch(0, count=2))
    losses, expected = mixed.step(a, b), plain.step(a, b)
    # A bfloat16 has 8 bits; means over many pixels are nearer. Equal would mean that nothing was cast.
    found = torch.stack([losses[term] for term in expected])
    torch.testing.assert_close(found, torch.stack(list(expected.values())), rtol=0.03, atol=0.01)
    assert not torch.equal(found, torch.stack(list(expected.values())))

    def types(state) -> set[torch.dtype]:
        if isinstance(state, torch.Tensor):
            return {state.dtype}
        values = state.values() if isinstance(state, dict) else state if isinstance(state, list) else []
        return set().union(*(types(value) for value in values))

    found = types(mixed.training_state())
    assert found == types(plain.training_state()) and torch.float32 in found and torch.bfloat16 not in found
    assert {row.dtype for row in mixed.sample_rows(a, "AtoB", b).values()} == {torch.float32}


def test_a_copy_of_a_mixed_network_uses_its_own_weights():
    network = MODELS["cyclegan"]()
    prepare(network, Speed("bfloat16"))
    twin = copy.deepcopy(network.G_AB)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    picture = batch(0)[0].float()
    assert twin(picture).abs().max() == 0 < network.G_AB(picture).abs().max()


@pytest.mark.parametrize("before, after", [("contiguous", "channels_last"), ("channels_last", "contiguous")])
def test_a_run_goes_on_in_another_memory_format(before, after):
    straight = MODELS["cyclegan"]().double()
    first, second = MODELS["cyclegan"]().double(), MODELS["cyclegan"]().double()
    prepare(first, Speed(memory_format=before))
    prepare(second, Speed(memory_format=after))
    for step in range(2):
        straight.step(*batch(step, count=2)), first.step(*batch(step, count=2))
    second.load_training_state(first.training_state())
    for step in range(2, 4):
        straight.step(*batch(step, count=2)), second.step(*batch(step, count=2))
    for ours, theirs in zip(second.parameters(), straight.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)

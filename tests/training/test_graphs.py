"""training/graphs.py: a step in pieces that are recorded and replayed is the step as it is written."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch

from minicyclegan.data.prefetch import Upload, prefetch
from minicyclegan.models import BicycleGAN, BicycleGANConfig, CycleGAN, CycleGANConfig, Model, Pix2Pix, Pix2PixConfig
from minicyclegan.training.graphs import WARM_UPS, GraphedPiece, put_graphs
from minicyclegan.training.speed import Speed, prepare
from tests.models.published import batch

NARROW = {"width": 2, "disc_width": 2, "disc_layers": 1}
UNET = NARROW | {"depth": 3}
MODELS = {
    "cyclegan": lambda **more: CycleGAN(CycleGANConfig(**NARROW, blocks=1, pool_size=3, **more)),
    "pix2pix": lambda **more: Pix2Pix(Pix2PixConfig(**UNET, dropout=0.0, latent=2, **more)),
    "bicyclegan": lambda **more: BicycleGAN(BicycleGANConfig(**UNET, encoder_width=2, encoder_blocks=1, **more)),
}
GPU = pytest.param(
    "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need an NVIDIA GPU")
)


class StandIn:
    """What a CUDA graph does with memory, without one: it reads its inputs and renews its outputs where they lie."""

    def __init__(self, piece, inputs, pool):
        self.piece, self.inputs, self.outputs = piece, inputs, None

    def replay(self):
        losses, *others = made if isinstance(made := self.piece(*self.inputs), tuple) else (made,)
        new = [torch.stack(list(losses.values())), *others]
        if self.outputs is None:
            self.outputs = (list(losses), new[0], others, isinstance(made, tuple))
        for place, value in zip([self.outputs[1], *self.outputs[2]], new, strict=True):
            place.copy_(value.clone())


def twins(name: str, device: str, **options) -> tuple[Model, Model]:
    plain, graphed = (MODELS[name](**options).to(device) for _ in range(2))
    for model in (plain, graphed):
        model.keep_average(0.9)
    if device == "cuda":
        put_graphs(plain)  # the same rate and the same Adam
        for piece in plain.pieces:
            setattr(plain, piece, getattr(plain, piece).piece)
        put_graphs(graphed)
    else:
        put_graphs(graphed, record=StandIn)
        put_graphs(plain, record=StandIn)
        for piece in plain.pieces:
            setattr(plain, piece, getattr(plain, piece).piece)
    return plain, graphed


def pictures(step: int, device: str, count: int = 4) -> list[torch.Tensor]:
    return [picture.float().to(device) for picture in batch(step, count=count)]


@pytest.mark.parametrize("device", ["cpu", GPU])
@pytest.mark.parametrize("gan_loss", ["lsgan", "wgangp"])
@pytest.mark.parametrize("name", MODELS)
def test_twenty_steps_are_the_same(name, gan_loss, device):
    torch.use_deterministic_algorithms(device == "cuda", warn_only=True)
    plain, graphed = twins(name, device, gan_loss=gan_loss)
    losses = []
    for step in range(20):
        factor = 1 - step / 20
        assert plain.set_learning_rate(factor) == graphed.set_learning_rate(factor)
        pair = [model.step(*pictures(step, device)) for model in (plain, graphed)]
        losses.append(pair)
    torch.use_deterministic_algorithms(False)
    for one, other in losses:  # read late, as the log does
        assert one.keys() == other.keys() and all(torch.equal(one[term], other[term]) for term in one)
    for part in ("networks", "average"):
        ours, theirs = (flat(model.training_state()[part]) for model in (plain, graphed))
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert all(getattr(graphed, piece).recorded is not None for piece in graphed.pieces)


def flat(state) -> list[torch.Tensor]:
    if isinstance(state, torch.Tensor):
        return [state]
    values = state.values() if isinstance(state, dict) else state
    return [tensor for value in values for tensor in flat(value)]


@pytest.mark.parametrize("device", ["cpu", GPU])
def test_a_state_taken_from_a_graphed_run_goes_on_in_a_plain_one_and_back(device):
    """Also once recorded: loading begins anew."""
    # Sums in another order turn Adam's first steps where a gradient is nearly 0.
    torch.use_deterministic_algorithms(device == "cuda", warn_only=True)
    straight, graphed = twins("cyclegan", device)
    for step in range(6):
        straight.step(*pictures(step, device)), graphed.step(*pictures(step, device))
    state = copy.deepcopy(graphed.training_state())
    assert all(isinstance(group["lr"], float) for group in state["optimizer_G"]["param_groups"])
    resumed = MODELS["cyclegan"]().to(device)
    resumed.keep_average(0.9)
    resumed.load_training_state(state)
    for step in range(6, 9):
        graphed.step(*pictures(step, device))
    graphed.load_training_state(state)
    for step in range(6, 12):
        for model in (straight, graphed, resumed):
            model.set_learning_rate(1.0)
            model.step(*pictures(step, device))
    torch.use_deterministic_algorithms(False)
    for one, other, third in zip(straight.parameters(), graphed.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0 if device == "cpu" else 1e-5)
        torch.testing.assert_close(one, third, rtol=1e-4, atol=1e-6)  # its rate is no float32 tensor


def test_a_batch_of_another_size_runs_as_written():
    plain, graphed = twins("pix2pix", "cpu")
    for step in range(8):
        given = pictures(step, "cpu", count=2 if step == 6 else 4)
        one, other = plain.step(*given), graphed.step(*given)
        assert all(torch.equal(one[term], other[term]) for term in one)


def test_what_can_not_be_recorded_goes_on_as_written(capsys):
    def refuse(piece, inputs, pool):
        raise RuntimeError("not permitted when a stream is capturing\nand more")

    def double(x):
        return {"loss": 2 * x.sum()}

    piece = GraphedPiece(double, record=refuse)
    answers = [piece(torch.ones(3))["loss"].item() for _ in range(WARM_UPS + 3)]
    assert answers == [6.0] * (WARM_UPS + 3)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "note: no CUDA graph of double (not permitted when a stream is capturing); it goes on without"


WAITS = """
import torch
from minicyclegan.data.prefetch import Upload
from minicyclegan.training.graphs import WARM_UPS, GraphedPiece

def waits(x):
    return {"loss": x.sum() * x.sum().item()}

stream = torch.cuda.current_stream()
piece = GraphedPiece(waits, torch.cuda.graph_pool_handle(), torch.cuda.Stream())
print([piece(torch.ones(3, device="cuda"))["loss"].item() for _ in range(WARM_UPS + 3)])
print(torch.cuda.current_stream() == stream)
upload, sizes = Upload(torch.device("cuda")), []
for _ in range(40):
    piece(*upload.receive(upload.send([torch.ones(10**6)])))
    sizes.append(torch.cuda.memory_allocated())
print(sizes[-1] == sizes[19])
"""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need an NVIDIA GPU")
def test_what_waits_for_the_gpu_can_not_be_recorded_and_goes_on_as_written():
    """In a process of its own, in which PyTorch may record nothing more; batches still leave their memory."""
    done = subprocess.run([sys.executable, "-c", WAITS], capture_output=True, text=True)
    assert done.stdout.splitlines() == [str([9.0] * (WARM_UPS + 3)), "True", "True"], done.stderr
    assert "note: no CUDA graph of waits (" in done.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need an NVIDIA GPU")
def test_pictures_are_pinned_and_sent_while_a_piece_is_recorded():
    """As a run's threads do; events are asked after, which a recording forbids its own thread."""
    upload, model = Upload(torch.device("cuda")), MODELS["cyclegan"]().cuda()
    put_graphs(model)

    def make(step: int) -> list[torch.Tensor]:
        sent = []
        for _ in range(200):  # long enough that some fall into a recording
            sent = upload.send([picture.float() for picture in batch(step)])
        return sent

    for pair in prefetch(make, range(2 * WARM_UPS), threads=4):
        model.step(*upload.receive(pair))
    assert all(getattr(model, piece).recorded is not None for piece in model.pieces)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need an NVIDIA GPU")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_prepared_model_runs_in_graphs_with_kernels(precision):
    model = MODELS["cyclegan"]().cuda()
    prepare(model, Speed(precision, kernels=True, graphs=True, memory_format="channels_last"))
    for step in range(8):
        losses = model.step(*pictures(step, "cuda"))
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert all(getattr(model, piece).recorded is not None for piece in model.pieces)

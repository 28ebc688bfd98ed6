"""Ten steps of small models on a known batch of four, alone or as one of several processes: `python -m … OUT`.

In the end the second process dies, and the first is left to say so.
"""

import os
import sys
from pathlib import Path

import torch

from minicyclegan.cli import run
from minicyclegan.models import BicycleGANConfig, CycleGANConfig, ModelConfig, Pix2PixConfig, build
from minicyclegan.training.processes import PeerLost, Processes, join

STEPS, BATCH, SIZE = 10, 4, 16
TINY = {"width": 2, "disc_width": 2, "disc_layers": 1}
CYCLEGAN = TINY | {"blocks": 1, "pool_size": 0}
PIX2PIX = TINY | {"depth": 3, "dropout": 0.0}
BICYCLEGAN = TINY | {"depth": 3, "encoder_width": 2, "encoder_blocks": 1, "latent": 2}
BATCH_NORMS = {"norm": "batch", "disc_norm": "batch", "encoder_norm": "batch"}

CASES: dict[str, ModelConfig] = {
    "cyclegan, instance norm": CycleGANConfig(**CYCLEGAN),
    "cyclegan, batch norm": CycleGANConfig(**CYCLEGAN, norm="batch"),
    "cyclegan, gradient penalty": CycleGANConfig(**CYCLEGAN, gan_loss="wgangp"),
    "pix2pix, instance norm": Pix2PixConfig(**PIX2PIX, norm="instance"),
    "pix2pix, batch norm": Pix2PixConfig(**PIX2PIX),
    "pix2pix, batch norm, code, gradient penalty": Pix2PixConfig(**PIX2PIX, latent=2, gan_loss="wgangp"),
    "bicyclegan, instance norm": BicycleGANConfig(**BICYCLEGAN),
    "bicyclegan, batch norm": BicycleGANConfig(**BICYCLEGAN, **BATCH_NORMS),
    "bicyclegan, not variational": BicycleGANConfig(**BICYCLEGAN, variational=False),
    "bicyclegan, gradient penalty": BicycleGANConfig(**BICYCLEGAN, gan_loss="wgangp"),
}

Trained = dict[str, dict[str, torch.Tensor]]


def trained(config: ModelConfig, processes: Processes) -> Trained:
    """Weights and running statistics after the last step, and every step's losses, (STEPS,) each."""
    model = build(config, seed=0).double()
    if processes.rank:
        # What a process begins with does not count: it is given the first one's weights.
        torch.nn.init.zeros_(next(model.parameters()))
    processes.prepare(model)
    draw = torch.Generator().manual_seed(1)
    losses: dict[str, list[torch.Tensor]] = {}
    for _ in range(STEPS):
        a, b = torch.rand(2, BATCH, 3, SIZE, SIZE, generator=draw, dtype=torch.float64) * 2 - 1
        for name, loss in model.step(processes.share.of(a), processes.share.of(b)).items():
            losses.setdefault(name, []).append(loss)
    curves = {name: processes.mean(torch.stack(values)) for name, values in losses.items()}
    return {"state": model.state_dict(), "losses": curves}


def main(out: Path) -> None:
    torch.set_num_threads(1)
    with join() as processes:
        results = {name: trained(config, processes) for name, config in CASES.items()}
        torch.save(results, out / f"{processes.rank}.pt")
        processes.agree(0)
        if processes.rank == 1:
            os._exit(9)  # as a killed process does, without a word
        processes.agree(0)


if __name__ == "__main__":
    run(lambda: main(Path(sys.argv[1])), (PeerLost,))

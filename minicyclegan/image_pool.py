"""The history of generated pictures that D is shown instead of only the newest (Shrivastava et al. 2017, section 2.3).

It keeps D from forgetting what G did a while ago, and so the two from chasing each other in circles.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class ImagePool:
    """Holds up to `size` pictures; `size` 0 turns it off. The pictures stay on the device they came from."""

    def __init__(self, size: int = 50, seed: int = 0):
        if size < 0:
            raise ValueError(f"pool size must be 0 or more, not {size}")
        self.size = size
        self.images: list[Tensor] = []
        self.generator = torch.Generator().manual_seed(seed)

    def query(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W): each picture itself, or, half of the time once the pool is full, an older one.

        The result is detached: nothing that is done with it reaches the generator that made the pictures.
        """
        images = images.detach()
        if self.size == 0:
            return images
        return torch.stack([self._swap(image) for image in images])  # (N, C, H, W)

    def _swap(self, image: Tensor) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        if torch.rand((), generator=self.generator) < 0.5:
            return image
        position = int(torch.randint(self.size, (), generator=self.generator))
        old, self.images[position] = self.images[position], image.clone()
        return old

    def state_dict(self) -> dict[str, Any]:
        images = torch.stack(self.images).cpu() if self.images else torch.empty(0)
        return {"images": images, "generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any], device: torch.device | str = "cpu") -> None:
        self.images = list(state["images"].to(device))
        self.generator.set_state(state["generator"].cpu())

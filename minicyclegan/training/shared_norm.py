"""Batch norm over the whole batch, where several processes have a share of it each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm whose mean and variance, in training, are those of all processes' pictures together.

    PyTorch's SyncBatchNorm computes on GPUs only, and can't be differentiated twice, as the gradient penalty wants.

    norm   whose weights and running statistics it takes over
    mean   of a tensor over all processes, differentiable; every process brings a batch of one size
    """

    def __init__(self, norm: nn.BatchNorm2d, mean: Callable[[Tensor], Tensor], processes: int):
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        # The parameters themselves, not copies: the optimizers hold them already.
        self._parameters, self._buffers = norm._parameters, norm._buffers
        self.training, self.mean, self.processes = norm.training, mean, processes

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)  # (N, C, H, W)
        wide = x if x.dtype == torch.float64 else x.float()  # sums in bfloat16 would lose their last pictures
        local_variance, local_mean = torch.var_mean(wide, dim=(0, 2, 3), correction=0)  # (C,) each
        mean = self.mean(local_mean)  # (C,)
        # Var x = E Var_r x + E (E_r x - E x)^2, with E_r and Var_r over the pictures of process r
        variance = self.mean(local_variance + (local_mean - mean).square())  # (C,)
        self._remember(mean.detach(), variance.detach(), self.processes * x.numel() // x.shape[1])
        scale = self.weight * (variance + self.eps).rsqrt()  # (C,)
        shift = self.bias - mean * scale  # (C,)
        return torch.addcmul(shift[:, None, None], wide, scale[:, None, None]).to(x.dtype)  # (N, C, H, W)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Moves the running statistics, the variance's without bias, by the share `momentum` towards the new ones."""
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_((variance * (count / (count - 1))).to(self.running_var.dtype), self.momentum)


def share_batch_norms(
    module: nn.Module, mean: Callable[[Tensor], Tensor], processes: int, fused: bool = False
) -> nn.Module:
    """`module` with every batch norm in it shared; `fused`: by PyTorch's own kernels for GPUs."""
    if isinstance(module, nn.BatchNorm2d):
        if fused:
            return nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return SharedBatchNorm(module, mean, processes)
    for name, child in module.named_children():
        setattr(module, name, share_batch_norms(child, mean, processes, fused))
    return module

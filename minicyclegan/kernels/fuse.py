"""Puts fast operations into a finished network, from outside: networks.py stays as it reads.

A network's forward is traced by torch.fx, a few patterns in it are replaced, and what comes out becomes the instance's
own forward. Its modules, weights and state-dict keys stay. What can't be traced, and every network that is not of
networks.py, runs as it is written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from minicyclegan import networks
from minicyclegan.kernels.instance_norm import instance_norm_act

ALIGNED = 8  # channels that a GPU's matrix units take at once


def fused_forward(network: nn.Module, device: torch.device, kernels: bool) -> Callable[..., Any]:
    """The network's forward, a function of the network and its inputs, as this device computes it fastest.

    kernels   instance norms, with what stands around them, by the fused kernel, and the outer 7 x 7 convolutions with
              as many channels as a GPU's matrix units want
    """
    plain = type(network).forward
    if type(network).__module__ != networks.__name__:
        return plain
    without_code = {"z": None} if getattr(network, "latent", None) == 0 else None
    try:
        graph = _Tracer(autowrap_functions=(networks.check_sides, networks.check_unet_input)).trace(
            network, without_code
        )
    except fx.proxy.TraceError:
        return plain
    if kernels:
        _fuse_norms(graph, network)
        _align_channels(graph, network)
    if device.type == "cpu":
        _put_channels_last(graph, network)
    graph.lint()
    return fx.GraphModule(network, graph).forward.__func__


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        # Batch norms also as several processes share them.
        kinds = (networks.InstanceNorm, nn.BatchNorm2d, networks.BalancedTransposedConv2d)
        return isinstance(module, kinds) or super().is_leaf_module(module, name)


def _fuse_norms(graph: fx.Graph, network: nn.Module) -> None:
    """Each instance norm with its activation, the sum of its residual block, and the border of the next convolution."""
    for node in _calls_of(graph, network, nn.Identity):
        node.replace_all_uses_with(node.args[0])
        graph.erase_node(node)
    for norm in _calls_of(graph, network, networks.InstanceNorm):
        chain, slope, residual = [norm], 1.0, None
        after = _only_user(norm)
        if after is not None and after.target in (F.relu, F.leaky_relu):
            slope = after.kwargs.get("negative_slope", 0.0)
            chain.append(after)
            after = _only_user(after)
        if after is not None and after.target is operator.add:
            (residual,) = (given for given in after.args if given is not chain[-1])
            chain.append(after)
        with graph.inserting_after(chain[-1]):
            fused = graph.call_function(instance_norm_act, (norm.args[0], residual, 0, slope, 0))
        chain[-1].replace_all_uses_with(fused)
        for node in reversed(chain):
            graph.erase_node(node)
    _fuse_borders(graph)


def _fuse_borders(graph: fx.Graph) -> None:
    """The norm before a reflected border writes it too, if all else that reads its map is a residual sum."""
    for fused in [node for node in graph.nodes if node.target is instance_norm_act]:
        pads = [user for user in fused.users if _mirrors(user)]
        sums = [user for user in fused.users if user.target is instance_norm_act and user.args[0] is not fused]
        if len(pads) == 1 and len(pads) + len(sums) == len(fused.users):
            (pad,), width = pads, pads[0].args[1][0]
            pad.replace_all_uses_with(fused)
            graph.erase_node(pad)
            fused.args = (*fused.args[:4], width)
            for user in sums:
                user.args = (*user.args[:2], width, *user.args[3:])


def _align_channels(graph: fx.Graph, network: nn.Module) -> None:
    """The stem's 3 channels in and the head's 3 channels out become ALIGNED of them, the others 0."""
    for node in _calls_of(graph, network, nn.Conv2d):
        convolution = network.get_submodule(node.target)
        if convolution.kernel_size == (7, 7) and min(convolution.in_channels, convolution.out_channels) < ALIGNED:
            with graph.inserting_before(node):
                weights = [graph.get_attr(f"{node.target}.{name}") for name in ("weight", "bias")]
                weights[1] = weights[1] if convolution.bias is not None else None
                aligned = graph.call_function(aligned_convolution, (node.args[0], *weights))
            node.replace_all_uses_with(aligned)
            graph.erase_node(node)


def aligned_convolution(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """F.conv2d, with channels of zeros where there are few: (N, C, H, W) -> (N, out, H - k + 1, W - k + 1)."""
    out, channels = weight.shape[:2]
    more_out, more_in = max(0, ALIGNED - out), max(0, ALIGNED - channels)
    x = F.pad(x, (0, 0, 0, 0, 0, more_in))  # (N, at least ALIGNED, H, W)
    weight = F.pad(weight, (0, 0, 0, 0, 0, more_in, 0, more_out))
    bias = None if bias is None else F.pad(bias, (0, more_out))
    return F.conv2d(x, weight, bias)[:, :out]  # (N, out, H - k + 1, W - k + 1)


def _put_channels_last(graph: fx.Graph, network: nn.Module) -> None:
    """A CPU convolves to the few channels of a picture much faster where a pixel's channels lie side by side."""
    for head in _calls_of(graph, network, nn.Conv2d):
        after = _only_user(head)
        if after is not None and after.target is torch.tanh:
            with graph.inserting_before(head):
                head.args = (graph.call_method("contiguous", head.args, {"memory_format": torch.channels_last}),)
            with graph.inserting_after(after):
                last = graph.call_method("contiguous", (after,))
            after.replace_all_uses_with(last)
            last.args = (after,)


def _calls_of(graph: fx.Graph, network: nn.Module, kind: type[nn.Module]) -> list[fx.Node]:
    calls = (node for node in graph.nodes if node.op == "call_module")
    return [node for node in calls if isinstance(network.get_submodule(node.target), kind)]


def _only_user(node: fx.Node) -> fx.Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None


def _mirrors(node: fx.Node) -> bool:
    return node.target is F.pad and node.kwargs.get("mode") == "reflect" and len(set(node.args[1])) == 1

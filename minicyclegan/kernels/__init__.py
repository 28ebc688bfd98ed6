"""Fused GPU kernels, each beside its plain PyTorch twin. Triton is imported only when a kernel runs."""

"""The NumPy reference against PyTorch, PyTorch on every device against the reference, and both against mistakes."""

"""The networks' mathematics once more, in NumPy alone: the oracle that judges the PyTorch layers."""

"""How fast this machine computes, and how fast it could: what `python -m minicyclegan.bench` measures."""

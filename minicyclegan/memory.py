"""Out of memory: every library has an error of its own for it."""

SIGNS = ("out of memory", "allocate memory", "not enough memory", "bad_alloc", "could not create a primitive")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, NumPy, PyTorch or a GPU's driver says with this that memory has run out."""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in SIGNS)

"""Picture files, layouts, batches, and the worlds."""

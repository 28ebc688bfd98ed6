"""Picture files, layouts and batches."""

"""Checks of the exercises: the engine, and a file for each lesson. Notebooks import them from `checks`."""

"""The papers' tables: what is run, kept and written."""

"""lessons/ holds plain files, which notebooks import from the folder they lie in; so do these tests."""

import sys
from pathlib import Path

import matplotlib

sys.path.insert(0, str(Path(__file__).parents[2] / "lessons"))
matplotlib.use("agg")

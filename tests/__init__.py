"""The tests mirror the rooms; `tests/benchmarks` holds what is measured rather than asserted."""

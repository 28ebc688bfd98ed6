"""A check for each exercise: `check_…(your_function)` says whether it is right, and if not, what it looks like."""

"""The drawn worlds: what they look like, and that they stay as they are."""

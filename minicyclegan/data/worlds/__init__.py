"""The embedded data: worlds drawn from a seed, so that training needs no download and evaluation knows the truth."""

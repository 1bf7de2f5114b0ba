"""The catalogue: a package for each suite."""

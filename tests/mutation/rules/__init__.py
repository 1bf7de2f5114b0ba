"""The rules that are broken, by the part of the protocols that they belong to."""

"""The version of kamesim."""

VERSION = "0.1.0"

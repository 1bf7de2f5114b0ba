"""What protoc makes of sim/formats/results.proto."""

from typing import Any

def __getattr__(name: str) -> Any: ...

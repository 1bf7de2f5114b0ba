"""What protoc makes of sim/formats/scenario.proto."""

from typing import Any

def __getattr__(name: str) -> Any: ...

"""What a kind of values is."""

from __future__ import annotations

from typing import Any, Protocol

JsonSchema = dict[str, Any]


class Value(Protocol):
    """A kind of values that a key can have.

    It reads a value of a file, and describes itself for the reference and as a JSON Schema.
    """

    @property
    def type_name(self) -> str:
        """The type, as the reference names it."""

    @property
    def allowed(self) -> str:
        """The range or the words that are allowed; empty where every value of the type is."""

    @property
    def schema(self) -> JsonSchema:
        """The JSON Schema of the value."""

    def read(self, value: object) -> Any:
        """The attribute's value for a value from a file; Wrong, or an ExceptionGroup of it."""

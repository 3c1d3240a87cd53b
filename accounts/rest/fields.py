"""Fields that take what the documents say and nothing that merely resembles it."""

from typing import Any

from rest_framework import serializers


class Text(serializers.CharField):
    """A JSON string; REST framework's own also takes numbers."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumber(serializers.IntegerField):
    """A JSON integer; REST framework's own also takes "12" and 12.0."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)

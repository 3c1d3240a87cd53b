"""Fields that take what the documents say and nothing that merely resembles it."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

# REST framework refuses blanks and NUL by itself; as a validator the rule reaches the OpenAPI document too.
PRINTABLE = RegexValidator(r"^[^\x00]*[^\s\x00][^\x00]*$", "Blank or with a NUL character.")


class Text(serializers.CharField):
    """A JSON string that says something; REST framework's own also takes numbers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, **kwargs)
        self.validators.append(PRINTABLE)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Switch(serializers.BooleanField):
    """`true` or `false` in JSON; REST framework's own also takes "yes" and 1."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            raise serializers.ValidationError("Must be true or false.", code="invalid")
        return data


class WholeNumber(serializers.IntegerField):
    """A JSON integer; REST framework's own also takes "12" and 12.0."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)

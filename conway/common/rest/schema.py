"""What drf-spectacular says of our errors and of the Authorization header."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer
from rest_framework import serializers

from conway.common.errors import DEFAULTS


class ErrorObject(serializers.Serializer[Any]):
    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    code = serializers.CharField()


class ErrorBody(serializers.Serializer[Any]):
    error = ErrorObject()
    detail = serializers.CharField(required=False)


class LiteralErrorBody(serializers.Serializer[Any]):
    """`{"error": "<text>"}`, as Conway's clients know it from wallet sign-in."""

    error = serializers.CharField()


EitherErrorBody = PolymorphicProxySerializer(
    component_name="EitherErrorBody", serializers=[LiteralErrorBody, ErrorBody], resource_type_field_name=None
)


WORDS = {status: words for status, (_, words) in DEFAULTS.items()} | {409: "This cannot be done as things stand."}


def errors(*statuses: int) -> dict[int, OpenApiResponse]:
    """The error answers of an operation; 405, 500 and 503 belong to every one, and 403 to whatever takes a key: it may
    be paused, for inference alone, or bound to another address.
    """
    found = {*statuses, 405, 500, 503} | ({403} if 401 in statuses else set())
    return {status: OpenApiResponse(ErrorBody, WORDS[status]) for status in sorted(found)}


class HeaderScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.rest.authentication.HeaderAuthentication"
    name = "keyOrAccessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "`Bearer cnwy_k_…`, a JWT, or either without Bearer"}

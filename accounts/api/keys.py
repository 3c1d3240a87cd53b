from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.response import Response

from accounts.models import ApiKey
from accounts.rest.permissions import KnownCaller, SignedIn
from accounts.rest.request import ApiRequest
from conway.common.errors import ApiError
from conway.common.rest.fields import Text, WholeNumber
from conway.common.rest.schema import errors

MOST_KEYS = 1000  # live ones of a user, so that a list needs no pages


class NewKeyFields(serializers.Serializer[Any]):
    name = Text(max_length=100)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    allowed_models = serializers.ListField(
        child=Text(max_length=100), required=False, allow_null=True, min_length=1, max_length=100
    )
    limit_cents = WholeNumber(required=False, allow_null=True, min_value=1, max_value=10**15)
    limit_period = serializers.ChoiceField(ApiKey.Period.choices, required=False, allow_null=True)
    requests_per_minute = WholeNumber(required=False, allow_null=True, min_value=1, max_value=10**9)
    concurrency = WholeNumber(
        required=False, allow_null=True, min_value=1, max_value=10**9, help_text="Completions at the same time."
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value and value <= timezone.now():
            raise serializers.ValidationError("This is in the past.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("limit_period") and attrs.get("limit_cents") is None:
            raise serializers.ValidationError({"limit_period": "A period needs limit_cents."})
        return attrs


class KeyBody(serializers.ModelSerializer[ApiKey]):
    key_prefix = serializers.CharField(source="prefix", help_text="What may be shown of the key.")

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = (
            "id",
            "name",
            "key_prefix",
            "created_at",
            "last_used_at",
            "expires_at",
            "allowed_models",
            "limit_cents",
            "limit_period",
            "requests_per_minute",
            "concurrency",
        )


class NewKeyBody(KeyBody):
    key = serializers.CharField(help_text="The secret; it is shown this once.")

    class Meta(KeyBody.Meta):
        fields = ("key", *KeyBody.Meta.fields)


class KeysView(GenericAPIView[ApiKey]):
    """What a key has spent is money, so it is not known here: credits subclasses this to show it beside the limit."""

    request: ApiRequest
    serializer_class: type[serializers.BaseSerializer[ApiKey]] = KeyBody
    pagination_class = None

    def get_permissions(self) -> list[BasePermission]:
        return [SignedIn() if self.request.method == "POST" else KnownCaller()]

    def get_queryset(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.filter(user_id=self.request.auth.user_id, revoked_at=None).order_by("-pk")

    @extend_schema(
        responses={200: inline_serializer("Keys", {"data": KeyBody(many=True)}), **errors(401)},
    )
    def get(self, request: ApiRequest) -> Response:
        """Your keys that are not revoked, newest first, without their secrets."""
        return Response({"data": self.get_serializer(self.get_queryset(), many=True).data})

    @extend_schema(request=NewKeyFields, responses={201: NewKeyBody, **errors(400, 401, 403, 413, 415)})
    def post(self, request: ApiRequest) -> Response:
        """Make a key. Its secret is in this answer and nowhere else."""
        form = NewKeyFields(data=request.data)
        form.is_valid(raise_exception=True)
        if KeysView.get_queryset(self).count() >= MOST_KEYS:
            raise ApiError(400, "too_many_keys", f"{MOST_KEYS} keys are in use; revoke some first.")
        key, secret = ApiKey.issue(user=request.user, **form.validated_data)
        return Response({"key": secret, **KeyBody(key).data}, status=201)


class KeyView(GenericAPIView[ApiKey]):
    permission_classes = (SignedIn,)

    @extend_schema(responses={204: None, **errors(401, 403, 404)})
    def delete(self, request: ApiRequest, pk: int) -> Response:
        """Revoke a key. Doing it again changes nothing."""
        key = ApiKey.objects.filter(user_id=request.auth.user_id, pk=pk).first()
        if key is None:
            raise ApiError(404, message="You have no such key.")
        key.revoke()
        return Response(status=204)

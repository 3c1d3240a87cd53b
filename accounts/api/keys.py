from datetime import datetime, timedelta
from ipaddress import ip_network
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
from conway.common.rest.fields import Switch, Text, WholeNumber
from conway.common.rest.schema import errors

MOST_KEYS = 1000  # live ones of a user, so that a list needs no pages


class AddressRange(Text):
    """An IP address or a network in CIDR notation; kept as a network."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return str(ip_network(text.strip(), strict=False))
        except ValueError:
            raise serializers.ValidationError("This is no IP address or network, like 203.0.113.0/24.") from None


class KeyFields(serializers.Serializer[Any]):
    """What its owner may say of a key, when it is made and later."""

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
    scope = serializers.ChoiceField(
        ApiKey.Scope.choices,
        required=False,
        help_text="`inference`: no credits, no account. By default `account`, and `inference` where there is a limit.",
    )
    allowed_addresses = serializers.ListField(
        child=AddressRange(max_length=43), required=False, allow_null=True, min_length=1, max_length=100
    )
    usage_in_streams = Switch(
        required=False,
        help_text="Streams of chat completions end with their usage where the request does not say. Other formats do.",
    )
    cache_marks = Switch(
        required=False, help_text="Prompts for Claude are marked for its cache where the request marks nothing."
    )

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value and value <= timezone.now():
            raise serializers.ValidationError("This is in the past.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A change is checked as the whole key that it would make."""
        limit, period = (
            attrs[name] if name in attrs else getattr(self.instance, name, None)
            for name in ("limit_cents", "limit_period")
        )
        if period and limit is None:
            if attrs.get("limit_period"):
                raise serializers.ValidationError({"limit_period": "A period needs limit_cents."})
            attrs["limit_period"] = None  # it goes with the limit
        return attrs


class ChangedKeyFields(KeyFields):
    name = Text(max_length=100, required=False)
    is_paused = Switch(required=False)


class RotationFields(serializers.Serializer[Any]):
    keep_old_for_seconds = WholeNumber(
        required=False, default=0, min_value=0, max_value=30 * 24 * 3600, help_text="How long the old secret works on."
    )


class KeyBody(serializers.ModelSerializer[ApiKey]):
    key_prefix = serializers.CharField(source="prefix", help_text="What may be shown of the key.")
    is_paused = serializers.SerializerMethodField()
    old_secret_until = serializers.DateTimeField(source="previous_until", allow_null=True)

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = (
            "id",
            "name",
            "key_prefix",
            "created_at",
            "last_used_at",
            "last_used_address",
            "last_used_agent",
            "expires_at",
            "is_paused",
            "scope",
            "allowed_models",
            "allowed_addresses",
            "limit_cents",
            "limit_period",
            "requests_per_minute",
            "concurrency",
            "usage_in_streams",
            "cache_marks",
            "old_secret_until",
        )

    def get_is_paused(self, key: ApiKey) -> bool:
        return key.paused_at is not None


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

    @extend_schema(request=KeyFields, responses={201: NewKeyBody, **errors(400, 401, 403, 413, 415)})
    def post(self, request: ApiRequest) -> Response:
        """Make a key. Its secret is in this answer and nowhere else."""
        form = KeyFields(data=request.data)
        form.is_valid(raise_exception=True)
        if KeysView.get_queryset(self).count() >= MOST_KEYS:
            raise ApiError(400, "too_many_keys", f"{MOST_KEYS} keys are in use; revoke some first.")
        key, secret = ApiKey.issue(user=request.user, **form.validated_data)
        return Response({"key": secret, **KeyBody(key).data}, status=201)


class OwnKeyView(GenericAPIView[ApiKey]):
    permission_classes = (SignedIn,)
    serializer_class = KeyBody
    request: ApiRequest

    def key(self, pk: int) -> ApiKey:
        key = ApiKey.objects.filter(user_id=self.request.auth.user_id, pk=pk).first()
        if key is None:
            raise ApiError(404, message="You have no such key.")
        return key

    def living(self, pk: int) -> ApiKey:
        key = self.key(pk)
        if key.revoked_at is not None:
            raise ApiError(409, "key_revoked", "This key is revoked, and does not come back.")
        return key


class KeyView(OwnKeyView):
    @extend_schema(request=ChangedKeyFields, responses={200: KeyBody, **errors(400, 401, 403, 404, 409, 413, 415)})
    def patch(self, request: ApiRequest, pk: int) -> Response:
        """Change a key: what is left out stays, `null` takes a limit away. It holds from the next request on, within
        five seconds.
        """
        key = self.living(pk)
        form = ChangedKeyFields(key, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        change(key, **form.validated_data)
        return Response(KeyBody(key).data)

    @extend_schema(responses={204: None, **errors(401, 403, 404)})
    def delete(self, request: ApiRequest, pk: int) -> Response:
        """Revoke a key. Doing it again changes nothing."""
        self.key(pk).revoke()
        return Response(status=204)


class KeyRotationView(OwnKeyView):
    @extend_schema(request=RotationFields, responses={200: NewKeyBody, **errors(400, 401, 403, 404, 409, 413, 415)})
    def post(self, request: ApiRequest, pk: int) -> Response:
        """Give a key a new secret; it is in this answer and nowhere else. Limits, and what is used of them, stay."""
        key = self.living(pk)
        form = RotationFields(data=request.data)
        form.is_valid(raise_exception=True)
        secret = key.rotate(timedelta(seconds=form.validated_data["keep_old_for_seconds"]))
        return Response({"key": secret, **KeyBody(key).data})


def change(key: ApiKey, *, is_paused: bool | None = None, **fields: Any) -> None:
    """Only these columns are written: a limit that another page changes meanwhile stays changed."""
    for name, value in fields.items():
        setattr(key, name, value)
    if fields:
        key.save(update_fields=list(fields))
    if is_paused is not None:
        key.pause(is_paused)

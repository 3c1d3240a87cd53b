from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from accounts.api.keys import KeyBody, KeysView
from accounts.models import ApiKey
from accounts.rest.request import ApiRequest
from conway.common.rest.schema import errors
from credits.key_use import recent_spend, with_use


class KeyWithUseBody(KeyBody):
    """The cents are of the present day, week, month or lifetime, as the limit is; null where there is no limit."""

    spent_cents = serializers.IntegerField(read_only=True, allow_null=True)
    held_cents = serializers.IntegerField(read_only=True, allow_null=True, help_text="For requests under way.")
    left_cents = serializers.IntegerField(read_only=True, allow_null=True, help_text="limit - spent - held.")

    spent_30_days_cents = serializers.SerializerMethodField(help_text="With a limit or without.")

    class Meta(KeyBody.Meta):
        fields = (*KeyBody.Meta.fields, "spent_cents", "held_cents", "left_cents", "spent_30_days_cents")

    def get_spent_30_days_cents(self, key: ApiKey) -> int:
        recent: dict[int, int] = self.context["recent"]
        return recent.get(key.pk, 0)


class KeysWithUseView(KeysView):
    serializer_class = KeyWithUseBody

    def get_queryset(self) -> QuerySet[ApiKey]:
        return with_use(super().get_queryset())

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "recent": recent_spend(self.request.auth.user_id)}

    @extend_schema(
        responses={200: inline_serializer("KeysWithUse", {"data": KeyWithUseBody(many=True)}), **errors(401)},
    )
    def get(self, request: ApiRequest) -> Response:
        """Your keys that are not revoked, newest first, with their limits and what is used of them."""
        return super().get(request)

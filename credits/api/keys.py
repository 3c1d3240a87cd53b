from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.response import Response

from accounts.api.keys import KeyBody, KeysView
from accounts.models import ApiKey
from accounts.rest.request import ApiRequest
from conway.common.rest.schema import errors
from credits.key_use import with_use


class KeyWithUseBody(KeyBody):
    """The cents are of the present day, month or lifetime, as the limit is; null where there is no limit."""

    spent_cents = serializers.IntegerField(read_only=True, allow_null=True)
    held_cents = serializers.IntegerField(read_only=True, allow_null=True, help_text="For requests under way.")
    left_cents = serializers.IntegerField(read_only=True, allow_null=True, help_text="limit - spent - held.")

    class Meta(KeyBody.Meta):
        fields = (*KeyBody.Meta.fields, "spent_cents", "held_cents", "left_cents")


class KeysWithUseView(KeysView):
    serializer_class = KeyWithUseBody

    def get_queryset(self) -> QuerySet[ApiKey]:
        return with_use(super().get_queryset())

    @extend_schema(
        responses={200: inline_serializer("KeysWithUse", {"data": KeyWithUseBody(many=True)}), **errors(401)},
    )
    def get(self, request: ApiRequest) -> Response:
        """Your keys that are not revoked, newest first, with their limits and what is used of them."""
        return super().get(request)

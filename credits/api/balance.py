from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest.request import ApiRequest
from conway.common.rest.schema import errors
from credits.models import CreditAccount


class BalanceBody(serializers.Serializer[Any]):
    """Whole cents, never negative."""

    credits_cents = serializers.IntegerField(source="balance_cents", help_text="The same as balance_cents.")
    balance_cents = serializers.IntegerField()
    held_cents = serializers.IntegerField(help_text="Set aside for requests under way.")
    available_cents = serializers.IntegerField(help_text="balance_cents - held_cents: what a new request may use.")


class BalanceView(APIView):
    @extend_schema(responses={200: BalanceBody, **errors(401)})
    def get(self, request: ApiRequest) -> Response:
        """Your credit. Who never had any has zero."""
        account = CreditAccount.objects.for_user(request.auth.user_id).first() or CreditAccount()
        return Response(BalanceBody(account).data)

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest.request import ApiRequest
from conway.common.rest.schema import errors


class MeBody(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    wallet_address = serializers.CharField(allow_null=True, help_text="In the mixed case of EIP-55.")
    wallet_type = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    email_proven = serializers.BooleanField(help_text="False for an address that is only claimed.")
    name = serializers.CharField()
    role = serializers.ChoiceField(["user", "staff"])


class MeView(APIView):
    @extend_schema(responses={200: MeBody, **errors(401)})
    def get(self, request: ApiRequest) -> Response:
        """Who the key or token belongs to."""
        user = request.user
        wallet = user.wallets.order_by("pk").first()
        return Response(
            {
                "id": user.pk,
                "wallet_address": wallet and wallet.checksummed,
                "wallet_type": wallet and wallet.kind,
                "email": user.typed_email,
                "email_proven": user.email_proven_at is not None and not user.is_unproven,
                "name": user.name,
                "role": "staff" if user.is_staff else "user",
            }
        )

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import limits
from accounts.models import SignInLink
from accounts.rest.permissions import SignedIn
from accounts.rest.request import ApiRequest
from conway.common.rest.schema import errors


class LinkBody(serializers.Serializer[Any]):
    url = serializers.URLField()
    expires_at = serializers.DateTimeField()


class SignInLinkView(APIView):
    permission_classes = (SignedIn,)

    @extend_schema(request=None, responses={201: LinkBody, **errors(401, 403, 429)})
    def post(self, request: ApiRequest) -> Response:
        """An address that signs you into the pages, once, within five minutes."""
        limits.count("sign-in-link", account=f"user {request.auth.user_id}")
        link, secret = SignInLink.issue(request.user, request.auth.proven_at)
        url = request.build_absolute_uri(reverse("sign-in-link", args=[secret]))
        return Response({"url": url, "expires_at": link.expires_at}, status=201)

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access_tokens, limits, lockout, second_factor, wallet_sign_in
from accounts.addresses import client_network, origin
from accounts.models import Nonce, RefreshToken, User
from conway.common.errors import ApiError
from conway.common.rest.fields import Text
from conway.common.rest.schema import EitherErrorBody, errors


class PasswordFields(serializers.Serializer[Any]):
    email = Text(max_length=254)
    password = Text(max_length=1000, trim_whitespace=False)
    code = Text(
        max_length=64, required=False, help_text="Of your authenticator app, or a recovery code, if you set one up."
    )


class RefreshFields(serializers.Serializer[Any]):
    refresh_token = Text(max_length=1000)


class SignedMessageFields(serializers.Serializer[Any]):
    message = Text(max_length=10_000, trim_whitespace=False, help_text="An EIP-4361 message.")
    signature = Text(max_length=200, help_text="EIP-191 personal_sign: 0x and 65 bytes in hex.")


class NonceBody(serializers.Serializer[Any]):
    nonce = serializers.CharField()


class TokenBody(serializers.Serializer[Any]):
    access_token = serializers.CharField(help_text="A JWT, good for 60 minutes wherever an API key is.")
    refresh_token = serializers.CharField(help_text="Good once, within 30 days.")
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class OpenView(APIView):
    """Asks for no authentication, and takes no offence at any."""

    authentication_classes = ()
    permission_classes = ()

    def read(self, fields: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
        form = fields(data=request.data)
        form.is_valid(raise_exception=True)
        valid: dict[str, Any] = form.validated_data
        return valid


class TokenView(OpenView):
    @extend_schema(request=PasswordFields, responses={200: TokenBody, **errors(400, 401, 413, 415, 429)}, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in with email and password."""
        form = self.read(PasswordFields, request)
        email = form["email"].lower()
        # accounts/lockout.py answers 429 after ten failures
        user = authenticate(request._request, username=email, password=form["password"])
        if not isinstance(user, User):
            raise ApiError(401, "invalid_credentials", "Email or password is wrong.")
        if second_factor.is_set_up(user):
            self.ask_second_factor(request, user, form.get("code", ""))
        lockout.remember(user, client_network(request._request))
        update_last_login(None, user)  # type: ignore[arg-type]  # the signal's receiver, called as a function
        return Response(access_tokens.pair(user, origin(request._request)))

    def ask_second_factor(self, request: Request, user: User, code: str) -> None:
        if not code:
            message = "This account has a second factor: send a code of its app, or a recovery code, as `code`."
            raise ApiError(401, "second_factor_required", message)
        if not second_factor.is_code_of(user, code, client_network(request._request)):
            raise ApiError(401, "invalid_code", "The code is wrong or was used before; wait for the next one.")


class RefreshView(OpenView):
    @extend_schema(request=RefreshFields, responses={200: TokenBody, **errors(400, 401, 413, 415)}, auth=[])
    def post(self, request: Request) -> Response:
        """Exchange a refresh token for the next pair. A used one revokes every token that came of the same sign-in."""
        token = self.read(RefreshFields, request)["refresh_token"]
        rotated = RefreshToken.rotate(token, origin(request._request))
        if rotated is None:
            raise ApiError(401, "invalid_refresh_token", "This refresh token is unknown, expired, used or revoked.")
        return Response(access_tokens.grant(*rotated))


class NonceView(OpenView):
    @extend_schema(request=None, responses={200: NonceBody, **errors(429)}, auth=[])
    def post(self, request: Request) -> Response:
        """A nonce for a sign-in message; good once, for five minutes."""
        limits.count("nonce", network=client_network(request._request))
        return Response({"nonce": Nonce.issue()})


class VerifyView(OpenView):
    @extend_schema(
        request=SignedMessageFields,
        responses={
            200: TokenBody,
            **errors(413, 415),
            400: OpenApiResponse(EitherErrorBody, "Verification failed"),
            401: OpenApiResponse(EitherErrorBody, "Invalid or expired nonce"),
        },
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Sign in with a wallet; a new wallet makes a new user."""
        form = self.read(SignedMessageFields, request)
        return Response(wallet_sign_in.sign_in(form["message"], form["signature"], origin(request._request)))

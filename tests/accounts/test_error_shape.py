from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.ninja_api import register_errors
from conway.common.database import DatabaseUnavailable
from conway.common.errors import ApiError

pytestmark = pytest.mark.django_db  # the end of a request looks after the connection

RAISED: dict[str, tuple[Exception, int, str]] = {
    "ours": (ApiError(409, "reference_taken", "That reference is taken."), 409, "reference_taken"),
    "not-found": (Http404(), 404, "not_found"),
    "down": (OperationalError("no route"), 503, "database_unavailable"),
    "pool-down": (DatabaseUnavailable("no route"), 503, "database_unavailable"),
    "too-big": (RequestDataTooBig(), 413, "request_too_large"),
    "denied": (PermissionDenied(), 403, "permission_denied"),
    "unforeseen": (ZeroDivisionError("a secret"), 500, "internal_error"),
    "throttled": (Throttled(wait=7), 429, "rate_limit_exceeded"),
    "gone": (NotFound(), 404, "not_found"),
}
OF_NINJA = {name: row for name, row in RAISED.items() if name not in ("throttled", "gone")}


class RestView(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, name: str) -> Response:
        raise RAISED[name][0]


class Body(Schema):
    model: str
    n: int = 1


ninja = NinjaAPI(urls_namespace="error-shape")
register_errors(ninja)


@ninja.get("raise/{name}")
async def fail(request: HttpRequest, name: str) -> None:
    raise OF_NINJA[name][0]


@ninja.post("read")
async def read(request: HttpRequest, body: Body) -> None:
    raise HttpError(409, "no")


def plain(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a secret")


urlpatterns = [
    path("v1/rest/<str:name>", RestView.as_view()),
    path("v1/ninja/", ninja.urls),
    path("v1/plain", plain),
    path("plain", plain),
]
handler400 = "conway.common.error_pages.bad_request"
handler403 = "conway.common.error_pages.forbidden"
handler404 = "conway.common.error_pages.not_found"
handler500 = "conway.common.error_pages.broken"


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture(autouse=True)
def urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


def assert_shape(answer: Any, status: int, code: str) -> None:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error.keys() == {"message", "type", "param", "code"}
    assert answer["content-type"].startswith("application/json")
    assert answer["x-request-id"].startswith("req_")
    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize("name", RAISED)
def test_what_a_rest_view_raises(client: Client, name: str) -> None:
    assert_shape(client.get(f"/v1/rest/{name}"), *RAISED[name][1:])


@pytest.mark.parametrize("name", OF_NINJA)
def test_what_a_ninja_view_raises(client: Client, name: str) -> None:
    assert_shape(client.get(f"/v1/ninja/raise/{name}"), *RAISED[name][1:])


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ("{", 400, "invalid_json", None),
        ("{}", 400, "missing_required_parameter", "model"),
        ('{"model": 7}', 400, "invalid_type", "model"),
        ('{"model": "m", "n": "many"}', 400, "invalid_value", "n"),
        ('{"model": "m"}', 409, "invalid_request", None),
    ],
)
def test_what_ninja_itself_refuses(client: Client, body: str, status: int, code: str, param: str | None) -> None:
    answer = client.post("/v1/ninja/read", body, content_type="application/json")
    assert_shape(answer, status, code)
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("address", ["/v1/rest/ours", "/v1/ninja/read"])
def test_a_method_that_is_not_taken_says_which_are(client: Client, address: str) -> None:
    answer = client.put(address)
    assert_shape(answer, 405, "method_not_allowed")
    assert answer["allow"]


@pytest.mark.parametrize("debug", [False, True])
def test_what_django_itself_answers(client: Client, debug: bool, settings: Any) -> None:
    settings.DEBUG = debug
    assert_shape(client.get("/v1/nowhere"), 404, "not_found")
    assert_shape(client.get("/v1"), 404, "not_found")
    assert_shape(client.get("/v1/rest/ours", headers={"host": "a b"}), 400, "invalid_request")
    assert client.get("/v1/plain").status_code == 500


def test_a_failure_without_a_framework_has_the_shape_too(client: Client) -> None:
    assert_shape(client.get("/v1/plain"), 500, "internal_error")


def test_pages_keep_ordinary_errors(client: Client) -> None:
    for answer in (client.get("/nowhere"), client.get("/plain")):
        assert answer["content-type"].startswith("text/html")
        assert answer["x-request-id"]


def test_a_database_that_is_down_says_when_to_come_back(client: Client) -> None:
    assert client.get("/v1/rest/down")["retry-after"] == client.get("/v1/ninja/raise/down")["retry-after"] == "2"


def test_a_detail_stands_beside_the_error() -> None:
    body = ApiError(402, "insufficient_credits", "Insufficient credits", detail="0 cents.").body()
    assert (body["detail"], body["error"]["type"]) == ("0 cents.", "insufficient_quota")

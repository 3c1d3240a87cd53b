"""The OpenAPI document of accounts and credits, and its page. Inference has its own, by django-ninja."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.urls.resolvers import URLPattern
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings

NAME = "accounts-and-credits-openapi"
DESCRIPTION = """
Sign-in, API keys, balance and history. Amounts are whole cents. What the credits buy is described in
[inference](/v1/docs).
"""


class Document:
    def __init__(self, patterns: Sequence[URLPattern]) -> None:
        # Of two views at one address, only the first is ever asked.
        self.patterns = list({str(found.pattern): found for found in reversed(patterns)}.values())

    @cached_property
    def content(self) -> dict[str, Any]:
        made = SchemaGenerator(patterns=self.patterns).get_schema(public=True)
        return {**made, "info": {**made["info"], "description": DESCRIPTION}}

    def openapi_json(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse(self.content)

    def page(self, request: HttpRequest) -> HttpResponse:
        """django-ninja's page, with the assets it ships."""
        shown = {"url": reverse(NAME), "layout": "BaseLayout", "deepLinking": True}
        api = {"title": spectacular_settings.TITLE}
        return render(request, "ninja/swagger.html", {"api": api, "swagger_settings": json.dumps(shown)})

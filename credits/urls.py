from django.urls import path
from django.views.decorators.http import require_safe

from accounts.urls import api_urlpatterns as accounts_urlpatterns
from credits.api import document
from credits.api.balance import BalanceView
from credits.api.history import HistoryView
from credits.api.keys import KeysWithUseView
from credits.pages.urls import urlpatterns as page_urlpatterns

api_urlpatterns = [
    path("v1/credits/balance", BalanceView.as_view()),
    path("v1/credits/history", HistoryView.as_view()),
    path("v1/auth/api-keys", KeysWithUseView.as_view()),  # before the one of accounts, which knows no money
]

openapi = document.Document([*api_urlpatterns, *accounts_urlpatterns])

urlpatterns = [
    *api_urlpatterns,
    *page_urlpatterns,
    path("v1/accounts-and-credits/openapi.json", require_safe(openapi.openapi_json), name=document.NAME),
    path("v1/accounts-and-credits/docs", require_safe(openapi.page), name="accounts-and-credits-docs"),
]

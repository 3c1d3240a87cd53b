from django.urls import path

from inference.pages.docs import docs_page
from inference.pages.keys import key_page, keys_page, pause_key, revoke_page, rotate_key, secret_page
from inference.pages.models import follow_successors, models_page, moved_to_v1
from inference.pages.own_data import own_data
from inference.pages.playground import playground_page, playground_token
from inference.pages.receipt import receipt_page
from inference.pages.requests import requests_csv, requests_page

urlpatterns = [
    path("keys", keys_page, name="keys"),
    path("keys/<int:pk>", key_page, name="key"),
    path("keys/<int:pk>/secret", secret_page, name="key-secret"),
    path("keys/<int:pk>/pause", pause_key, name="key-pause"),
    path("keys/<int:pk>/rotate", rotate_key, name="key-rotate"),
    path("keys/<int:pk>/revoke", revoke_page, name="key-revoke"),
    path("requests", requests_page, name="requests"),
    path("requests.csv", requests_csv, name="requests-csv"),
    path("models", models_page, name="models"),
    path("models/successors", follow_successors, name="follow-successors"),
    path("models/<path:name>", moved_to_v1),
    path("playground", playground_page, name="playground"),
    path("playground/token", playground_token, name="playground-token"),
    path("account/data.json", own_data, name="own-data"),
    path("receipts/<str:completion_id>", receipt_page, name="receipt"),
    path("docs", docs_page),
    path("docs/<slug:name>", docs_page, name="docs"),
]

from django.urls import path

from inference.views.docs import docs_page
from inference.views.keys import keys_page, revoke_page
from inference.views.models import models_page
from inference.views.playground import playground_page, playground_token
from inference.views.receipt import receipt_page

urlpatterns = [
    path("keys", keys_page, name="keys"),
    path("keys/<int:pk>/revoke", revoke_page, name="key-revoke"),
    path("models", models_page, name="models"),
    path("playground", playground_page, name="playground"),
    path("playground/token", playground_token, name="playground-token"),
    path("receipts/<str:completion_id>", receipt_page, name="receipt"),
    path("docs", docs_page),
    path("docs/<slug:name>", docs_page, name="docs"),
]

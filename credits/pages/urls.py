from django.urls import path, re_path

from credits.pages.export import history_csv
from credits.pages.history import history_page
from credits.pages.notifications import notifications_page, remove_webhook, send_again
from credits.pages.overview import overview
from credits.pages.socket import CreditsSocket, nothing_here
from credits.pages.spend import spend_page
from credits.pages.statements import billing_details_page, statement_csv, statement_page, statements_page

urlpatterns = [
    path("", overview, name="overview"),
    path("credits/history", history_page, name="history"),
    path("credits/statements", statements_page, name="statements"),
    path("credits/statements/<int:year>-<int:month>", statement_page, name="statement"),
    path("credits/statements/<int:year>-<int:month>.csv", statement_csv, name="statement-csv"),
    path("credits/billing-details", billing_details_page, name="billing-details"),
    path("credits/notifications", notifications_page, name="notifications"),
    path("credits/webhooks/<int:pk>/remove", remove_webhook, name="webhook-remove"),
    path("credits/deliveries/<uuid:pk>/again", send_again, name="delivery-again"),
    path("credits/spend", spend_page, name="spend"),
    path("credits/history.csv", history_csv, name="history-csv"),
]

websocket_urlpatterns = [
    path("credits/live", CreditsSocket.as_asgi()),
    re_path("", nothing_here),  # type: ignore[arg-type]  # an application, no view
]

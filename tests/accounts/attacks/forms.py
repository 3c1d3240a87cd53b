"""What a browser does with a form of the admin: opens it, fills some fields in, sends all of them back."""

from typing import Any

from django.test import Client

NO_WALLETS = {"wallets-TOTAL_FORMS": 0, "wallets-INITIAL_FORMS": 0}


def opened(client: Client, path: str) -> dict[str, Any]:
    form = client.get(path).context["adminform"].form
    return {field.html_name: field.value() for field in form}


def sent(client: Client, path: str, fields: dict[str, Any]) -> Any:
    told = {name: value for name, value in fields.items() if value not in (None, False, "")}
    return client.post(path, {**told, **NO_WALLETS})


def act(client: Client, path: str, action: str, *rows: Any) -> Any:
    return client.post(path, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)

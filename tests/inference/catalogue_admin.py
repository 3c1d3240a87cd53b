"""What staff send to the pages of models and prices."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils.timezone import now

from inference.admin.price_form import newest_price

MODELS, PRICES = "/admin/inference/chatmodel/", "/admin/inference/price/"


def edited(admin: Client, name: str = "gpt-5-mini", **fields: Any) -> Any:
    page = admin.get(f"{MODELS}{name}/change/")
    form = page.context["adminform"].form
    sent = {field.name: field.value() for field in form}
    filled_in = {key: value for key, value in {**sent, **fields}.items() if value is not None and value is not False}
    return admin.post(f"{MODELS}{name}/change/", filled_in)


def in_minutes(minutes: int) -> str:
    return (now() + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")


def announced(admin: Client, confirmed: bool = True, **fields: Any) -> Any:
    sent = {
        "version": newest_price(),
        "model": "gpt-5-mini",
        "starts_at": in_minutes(10),
        "source": "the invoice",
        "input-0": "1.25",
        "output-0": "10",
    }
    names = {name.replace("_0", "-0").replace("_1", "-1").replace("_2", "-2"): value for name, value in fields.items()}
    typed = {"confirmed": "yes", "typed": {**sent, **names}["model"]} if confirmed else {}
    return admin.post(f"{PRICES}add/", {**sent, **typed, **names})

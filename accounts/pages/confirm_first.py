from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts import reauthentication
from accounts.models import User


def confirm_first(request: HttpRequest, then: str) -> HttpResponse | None:
    """For whoever is signed in and is about to add a way in: leads to the page that asks for a proof, and on to `then`.
    None where one was given lately.
    """
    if reauthentication.may_add_way_in(request, cast(User, request.user)):
        return None
    return redirect(confirmation_address(then))


def confirmation_address(then: str) -> str:
    return f"{reverse('confirm')}?{urlencode({'next': then})}"

from typing import Any

from django.db.models import Q

from accounts.logged import LoggedAdmin, Unchangeable
from accounts.lookup import is_wallet, users_named
from conway.common.keyset_pagination import KeysetAdmin


class ReadOnlyAdmin(Unchangeable, LoggedAdmin, KeysetAdmin):
    actions: Any = None


def of_user(term: str, field: str) -> Q:
    """By email, wallet or user id. The user is looked up first: a join by email would read the longest history before
    it finds out whose it is. A number is taken as an id, whoever it belongs to.
    """
    return Q(**{f"{field}__in": users_named(term)})


def names_user(term: str) -> bool:
    return term.isdecimal() or "@" in term or is_wallet(term)

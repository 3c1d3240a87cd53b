from typing import Any

from django.db.models import Q

from accounts.logged import LoggedAdmin, Unchangeable
from accounts.lookup import is_wallet, users_named
from accounts.models import ApiKey
from conway.common.keyset_pagination import KeysetAdmin

MOST_KEYS = 20  # that begin alike


class ReadOnlyAdmin(Unchangeable, LoggedAdmin, KeysetAdmin):
    actions: Any = None


def of_user(term: str, field: str) -> Q:
    """By email, wallet or user id. The user is looked up first: a join by email would read the longest history before
    it finds out whose it is. A number is taken as an id, whoever it belongs to.
    """
    return Q(**{f"{field}__in": users_named(term)})


def is_key(term: str) -> bool:
    return term.startswith(ApiKey.PREFIX)


def of_keys(secret_or_prefix: str, user_field: str) -> Q:
    """By the beginning of a key; of a whole secret that was pasted, what we keep of it. Its user is said, too: rows of
    a key are found by their user's index.
    """
    shown = secret_or_prefix[: len(ApiKey.PREFIX) + 5]
    found = ApiKey.objects.filter(prefix=shown).values_list("user_id", "pk")[:MOST_KEYS]
    users, keys = {user for user, _ in found}, {key for _, key in found}
    return Q(**{f"{user_field}__in": users}, key_id__in=keys)


def names_user(term: str) -> bool:
    return term.isdecimal() or "@" in term or is_wallet(term)

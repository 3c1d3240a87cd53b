from django.db.models import Model, Q
from django.http import HttpRequest

from accounts.models import User
from conway.common.keyset_pagination import KeysetAdmin


class ReadOnlyAdmin(KeysetAdmin):
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def of_user(term: str, field: str) -> Q:
    """By email, or by user id where the term is a number. The user is looked up first: a join by email would read the
    longest history before it finds out whose it is.
    """
    by_email = User.objects.filter(email=term).values_list("pk", flat=True).first()
    ids = [*([by_email] if by_email else []), *([int(term)] if term.isdecimal() and len(term) < 19 else [])]
    return Q(**{f"{field}__in": ids}) if len(ids) > 1 else Q(**{field: ids[0]}) if ids else Q(pk__in=[])

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection, models
from django.db.models import F
from django.db.models.functions import Greatest, Now


@dataclass(frozen=True, slots=True)
class Counted:
    number: int  # of this one within its window
    seconds_left: int  # of the window


class Attempts(models.Model):
    """How often something was tried by an account, from a network, or both, since its window began.

    One statement counts and tells, so that of many at once no two are the same number. All processes share the count.
    """

    SWEEP: ClassVar[int] = 100

    kind = models.CharField(max_length=40)
    account = models.CharField(max_length=254, default="")
    network = models.CharField(max_length=50, default="")
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    count = models.IntegerField()

    class Meta:
        verbose_name_plural = "attempts"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["kind", "account", "network"], name="attempts_are_one_count")]

    def __str__(self) -> str:
        return f"{self.kind} {self.account} {self.network}"

    @classmethod
    def add(cls, kind: str, window: timedelta, *, account: str = "", network: str = "") -> Counted:
        params: dict[str, Any] = {"kind": kind, "account": account[:254], "network": network, "window": window}
        with connection.cursor() as cursor:
            cursor.execute(COUNT_SQL, params)
            counted = Counted(*cursor.fetchone())
        if counted.number == 1:
            cls.sweep()
        return counted

    @classmethod
    def take_back(cls, kind: str, *, account: str = "", network: str = "") -> None:
        """Takes a counted attempt back that was no failure after all."""
        rows = cls.objects.filter(kind=kind, account=account[:254], network=network)
        rows.update(count=Greatest(F("count") - 1, 0))

    @classmethod
    def sweep(cls) -> None:
        """A new count removes some dead ones, so that strangers cannot fill the table."""
        dead = cls.objects.filter(ends_at__lte=Now()).select_for_update(skip_locked=True)
        cls.objects.filter(pk__in=dead.values("pk")[: cls.SWEEP]).delete()


class SignInPlace(models.Model):
    """A network from which a user has signed in: what strangers do elsewhere does not lock it out."""

    KEPT: ClassVar[timedelta] = timedelta(days=180)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="places")
    network = models.CharField(max_length=50)
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "network"], name="a_place_is_noted_once")]

    def __str__(self) -> str:
        return self.network


COUNT_SQL = """
INSERT INTO accounts_attempts AS a (kind, account, network, began_at, ends_at, count)
VALUES (%(kind)s, %(account)s, %(network)s, clock_timestamp(), clock_timestamp() + %(window)s, 1)
ON CONFLICT (kind, account, network) DO UPDATE SET
  count = CASE WHEN a.ends_at <= clock_timestamp() THEN 1 ELSE a.count + 1 END,
  began_at = CASE WHEN a.ends_at <= clock_timestamp() THEN excluded.began_at ELSE a.began_at END,
  ends_at = CASE WHEN a.ends_at <= clock_timestamp() THEN excluded.ends_at ELSE a.ends_at END
RETURNING count, ceil(extract(epoch FROM ends_at - clock_timestamp()))::int"""

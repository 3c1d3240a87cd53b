"""What staff must know, one row each time it began.

open    nobody has looked at it
seen    somebody has; it goes on
closed  it is over, or somebody said so. The next time it begins another row
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Alert(models.Model):
    class State(models.TextChoices):
        OPEN = "open"
        SEEN = "seen"
        CLOSED = "closed"

    kind = models.TextField()
    subject = models.TextField(blank=True, help_text="What it is about: a model, a provider, an account, a machine.")
    message = models.TextField()
    state = models.TextField(choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now(), help_text="When it was last found to be so.")
    told_at = models.DateTimeField(null=True, help_text="When mails and the webhook were sent.")
    closed_at = models.DateTimeField(null=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who saw or closed it.",
    )

    class Meta:
        default_permissions = ("view",)
        permissions = [("handle_alert", "Can mark alerts as seen and close them")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=~Q(state="closed"), name="one_alert_at_a_time_of_a_subject"
            )
        ]
        indexes = [models.Index(fields=["kind", "subject", "-closed_at"], name="alerts_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()

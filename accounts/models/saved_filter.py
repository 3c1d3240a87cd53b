from django.conf import settings
from django.db import models
from django.db.models.functions import Now

LONGEST_NAME, LONGEST_QUERY = 60, 1000


class SavedFilter(models.Model):
    """What somebody looks for often in a list of the staff admin: the list's query string, under a name of theirs."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    listed = models.CharField(max_length=100)  # as the admin's addresses name the list: credits_credittransaction
    name = models.CharField(max_length=LONGEST_NAME)
    query = models.CharField(max_length=LONGEST_QUERY)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "listed", "name"], name="one_saved_filter_of_a_name")]

    def __str__(self) -> str:
        return self.name

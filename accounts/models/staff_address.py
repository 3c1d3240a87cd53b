from django.db import models


class StaffAddress(models.Model):
    """The address from which a member of staff made an entry of the admin's log."""

    APPLICATION_MAY = ("SELECT", "INSERT")

    entry = models.OneToOneField("admin.LogEntry", on_delete=models.CASCADE, primary_key=True, related_name="sat_at")
    address = models.GenericIPAddressField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.address

from django.db import models


class StaffAddress(models.Model):
    """From where somebody did what the admin's log says of them."""

    APPLICATION_MAY = ("SELECT", "INSERT")

    entry = models.OneToOneField("admin.LogEntry", on_delete=models.CASCADE, primary_key=True, related_name="sat_at")
    address = models.GenericIPAddressField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.address

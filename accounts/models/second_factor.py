"""What a user shows beside a password. An app's secret is sealed (accounts/second_factor/totp.py), a passkey's row is
public, a recovery code is its digest.
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Length, Now
from django.db.models.lookups import Exact


class TotpApp(models.Model):
    """An authenticator app. `last_step` is that of the newest code it has shown: neither it nor an older one counts."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="totp_app"
    )
    sealed_secret = models.TextField()
    last_step = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"authenticator app of user {self.pk}"


class Passkey(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_id = models.BinaryField(max_length=1023, unique=True)
    credential = models.BinaryField(max_length=4096)  # WebAuthn's attested credential data: its id and public key
    counter = models.BigIntegerField(default=0)  # of its signatures; always 0 where it has none
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Exact(Length("digest"), 32), name="recovery_digest_is_sha256"),
            models.UniqueConstraint(fields=["user", "digest"], name="a_recovery_code_is_kept_once"),
        ]

    def __str__(self) -> str:
        return f"recovery code of user {self.user_id}"

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from eth_utils.address import to_checksum_address

from accounts.models.user import User


class WalletAddress(models.Model):
    class Kind(models.TextChoices):
        EVM = "evm", "EVM"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="wallets")
    address = models.CharField(max_length=42, unique=True, help_text="0x and 40 hex digits, in lower case.")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.EVM)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "wallet addresses"
        constraints = [
            models.CheckConstraint(condition=Q(address__regex=r"^0x[0-9a-f]{40}$"), name="address_is_lower_case_hex"),
        ]

    def __str__(self) -> str:
        return self.checksummed

    @property
    def checksummed(self) -> str:
        """The address in the mixed case of EIP-55."""
        return to_checksum_address(self.address)

    @classmethod
    def owner_of(cls, address: str) -> User:
        """The wallet's user; a wallet seen for the first time makes one."""
        address = address.lower()
        if wallet := cls.objects.select_related("user").filter(address=address).first():
            return wallet.user
        try:
            with transaction.atomic():
                return cls.objects.create(user=User.objects.create_user(), address=address).user
        except IntegrityError:  # two first sign-ins at once: the other one made the user
            return cls.objects.select_related("user").get(address=address).user

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Length, Lower, Now
from django.db.models.lookups import Exact, GreaterThan


class LowerCaseEmailField(models.EmailField):
    """Stored and looked up in lower case, so that a plain unique index is case-insensitive; empty is NULL."""

    def to_python(self, value: Any) -> str | None:
        return (super().to_python(value) or "").strip().lower() or None

    def get_prep_value(self, value: Any) -> str | None:
        return super().get_prep_value(self.to_python(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        email = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, email)
        return email


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str | None = None, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})


class User(AbstractBaseUser, PermissionsMixin):
    """Signs in by email, or by wallet without one. Deactivated, never deleted: the books name every user."""

    email = LowerCaseEmailField(unique=True, null=True, blank=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("staff", default=False, help_text="May sign in to the admin.")
    is_active = models.BooleanField("active", default=True, help_text="Unset this instead of deleting a user.")
    concurrency = models.PositiveIntegerField(
        "requests at once",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Completions that may run at the same time. Empty: the service's default.",
    )
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        default_permissions = ("view", "add", "change")
        constraints = [
            models.CheckConstraint(condition=Exact(Lower("email"), models.F("email")), name="email_is_in_lower_case"),
            models.CheckConstraint(condition=GreaterThan(Length("email"), 0), name="no_email_is_null_not_empty"),
        ]

    def __str__(self) -> str:
        return self.email or self.name or f"user {self.pk}"

    @property
    def display_name(self) -> str:
        """What a person would know themselves by; asks the database only for users who have nothing but a wallet."""
        if self.email or self.name:
            return self.name or str(self.email)
        wallets = sorted(self.wallets.all(), key=lambda wallet: wallet.pk)  # as they were prefetched, in a list
        return wallets[0].checksummed if wallets else str(self)

    def get_full_name(self) -> str:
        return self.name or str(self)

    def get_short_name(self) -> str:
        return str(self)

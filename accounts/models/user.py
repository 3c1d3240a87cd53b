from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import MinValueValidator
from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Length, Lower, Now
from django.db.models.lookups import Exact, GreaterThan, IsNull
from django.utils.crypto import constant_time_compare, salted_hmac

from conway.common.clock import Clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


if TYPE_CHECKING:
    NullableEmailField = models.EmailField[str | None, str | None]
else:  # at run time Django's takes no parameter
    NullableEmailField = models.EmailField


class LowerCaseEmailField(NullableEmailField):
    """Stored and looked up in lower case, so that a plain unique index is case-insensitive; empty is NULL."""

    def to_python(self, value: Any) -> str | None:
        return (super().to_python(value) or "").strip().lower() or None

    def get_prep_value(self, value: Any) -> str | None:
        prepared: str | None = super().get_prep_value(self.to_python(value))
        return prepared

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        email = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, email)
        return email


class UnprovenEmail(LookupError):
    """Somebody signed up with this address and has not shown that it is theirs."""


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str | None = None, password: str | None = None, **fields: Any) -> "User":
        """Makes a user; an email given here is an invitation by staff. Who comes by themselves is made by `sign_up`."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def sign_up(self, claimed_email: str, password: str) -> "User":
        """The address is no more than claimed until its mailbox says otherwise; several may claim one."""
        return self.create_user(None, password, claimed_email=claimed_email)

    def claiming(self, email: str) -> "models.QuerySet[User]":
        """Who typed this address for themselves and has no other; the newest first."""
        return self.filter(claimed_email=email, email=None).order_by("-pk")

    def known_as(self, text: str) -> "models.QuerySet[User]":
        """For staff: whose email, claimed email or wallet this is. Look at `is_unproven` before money moves."""
        return self.filter(Q(email=text) | Q(claimed_email=text) | Q(wallets__address=text.lower())).distinct()

    def for_payment(self, text: str, *, allow_unproven: bool = False) -> "User":
        """Whose money it becomes when staff pay to this email or wallet address.

        Raises User.DoesNotExist; UnprovenEmail where only a sign-up says that the address is theirs.
        """
        text = text.strip().lower()
        if owner := self.filter(Q(email=text) | Q(wallets__address=text)).first():
            return owner
        claims = list(self.claiming(text)[:2])
        if not claims:
            raise self.model.DoesNotExist(f"There is no user {text!r}.")
        if not allow_unproven:
            raise UnprovenEmail(
                f"Somebody signed up as {text} and has not proven that the address is theirs. Ask them to open the "
                "link in our mail, or say that unproven is good enough."
            )
        if len(claims) > 1:
            raise UnprovenEmail(f"Several people signed up as {text} and none has proven it: name one by user id.")
        return claims[0]


class User(AbstractBaseUser, PermissionsMixin):
    """Signs in by email, or by wallet without one. Deactivated, never deleted: the books name every user.

    `email` is proven, or was given by staff (`email_proven_at` is empty: an invitation). What people type themselves is
    `claimed_email`, which nobody is paid by, until a mailed link makes it their `email`.

    `tokens_valid_after` is copied into whatever signs somebody in (sessions, access and refresh tokens, links), which
    is good as long as the copy is equal: no clocks are compared. The database moves it (migration 0003) when the
    password, the email or a wallet changes and when the user is deactivated, whoever does it, and never back.
    """

    email = LowerCaseEmailField(unique=True, null=True, blank=True)
    claimed_email = LowerCaseEmailField(
        null=True, blank=True, editable=False, db_index=True, help_text="Typed by themselves, not proven yet."
    )
    email_proven_at = models.DateTimeField(null=True, blank=True, editable=False)
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
    follows_successors = models.BooleanField(
        "follows dearer successors",
        default=False,
        db_default=False,
        help_text="A model that is over may be answered by its successor even where that costs more.",
    )
    date_joined = models.DateTimeField(db_default=Now(), editable=False)
    tokens_valid_after = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        default_permissions = ("view", "add", "change")
        permissions = (("unlock_user", "Can unlock after failed sign-ins"),)
        constraints = [
            models.CheckConstraint(condition=Exact(Lower("email"), models.F("email")), name="email_is_in_lower_case"),
            models.CheckConstraint(condition=GreaterThan(Length("email"), 0), name="no_email_is_null_not_empty"),
            models.CheckConstraint(
                condition=Exact(Lower("claimed_email"), F("claimed_email")),
                name="claimed_email_is_in_lower_case",
            ),
        ]

    def __str__(self) -> str:
        claimed = self.claimed_email and f"{self.claimed_email} (unproven)"
        return self.email or claimed or self.name or f"user {self.pk}"

    @property
    def is_unproven(self) -> bool:
        """All that is known of this user's address is what they typed."""
        return self.email is None and self.claimed_email is not None

    @property
    def is_invited(self) -> bool:
        """Staff made this user, who has not been here yet."""
        return self.email is not None and self.email_proven_at is None and not self.has_usable_password()

    @property
    def typed_email(self) -> str | None:
        """The address they go by, proven or not."""
        return self.email or self.claimed_email

    @property
    def display_name(self) -> str:
        """What a person would know themselves by; asks the database only for users who have nothing but a wallet."""
        if self.name or self.typed_email:
            return self.name or str(self)
        wallets = sorted(self.wallets.all(), key=lambda wallet: wallet.pk)  # as they were prefetched, in a list
        return wallets[0].checksummed if wallets else str(self)

    def get_full_name(self) -> str:
        return self.name or str(self)

    def get_short_name(self) -> str:
        return str(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The database may have moved `tokens_valid_after`; what is signed from here on must say so."""
        is_new = self._state.adding
        super().save(*args, **kwargs)
        if not is_new:
            self.refresh_from_db(fields=["tokens_valid_after"])

    def prove(self, email: str) -> None:
        """Their mailbox has answered. Raises IntegrityError if somebody else has proven it meanwhile."""
        type(self).objects.filter(pk=self.pk).update(
            email=email,
            email_proven_at=Now(),
            claimed_email=models.Case(
                models.When(claimed_email=email, then=None),
                default=F("claimed_email"),
                output_field=LowerCaseEmailField(null=True),
            ),
        )
        self.refresh_from_db(fields=["email", "email_proven_at", "claimed_email", "tokens_valid_after"])

    # What signs them in, and its end

    @property
    def epoch(self) -> int:
        """`tokens_valid_after` in microseconds, exactly; 0 before it was first set."""
        return epoch_of(self.tokens_valid_after)

    def sign_out_everywhere(self) -> None:
        """Ends all sessions, tokens and links; API keys stay. A clock that was set back ends them, too."""
        next_one = Greatest(Clock(), F("tokens_valid_after") + MICROSECOND)  # of NULL and a moment, the moment
        type(self).objects.filter(pk=self.pk).update(tokens_valid_after=next_one)
        self.refresh_from_db(fields=["tokens_valid_after"])

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Sessions made before the first end keep Django's own hash, of the password alone, and go on."""
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        value = f"{self.password}\0{self.epoch}" if self.epoch else self.password
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()

    def has_signed(self, session_hash: str) -> bool:
        """Whether the hash is of the present SECRET_KEY or one before it, and made since the user's last `end`."""
        good = [self.get_session_auth_hash(), *self.get_session_auth_fallback_hash()]
        return any(constant_time_compare(session_hash, each) for each in good)

    def check_password(self, raw_password: str | None) -> bool:
        def hash_anew(raw: str) -> None:
            """The same password by a newer hasher's rules: nobody is to be signed out."""
            self.set_password(raw)
            self._password = None
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT set_config('conway.same_password', 'on', true)")
                self.save(update_fields=["password"])
                cursor.execute("SELECT set_config('conway.same_password', 'off', true)")

        return check_password(raw_password, self.password, hash_anew)


def epoch_of(moment: datetime | None) -> int:
    return 0 if moment is None else (moment - EPOCH) // MICROSECOND


def is_in_force() -> models.Exists:
    """Whether a row that names a user and their `tokens_valid_after` of its time may still sign them in."""
    same = Q(tokens_valid_after=models.OuterRef("valid_after")) | Q(
        Q(tokens_valid_after=None) & IsNull(models.OuterRef("valid_after"), True)
    )
    return models.Exists(User.objects.filter(same, pk=models.OuterRef("user_id"), is_active=True))

"""All that is kept of a user, as they may take it away. Secrets, and what staff write for staff, stay; prompts and
answers are not kept at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Model

from accounts.models import (
    ApiKey,
    BrowserSession,
    Passkey,
    RecoveryCode,
    RefreshToken,
    SavedFilter,
    SignInLink,
    SignInPlace,
    TotpApp,
    User,
    WalletAddress,
)
from conway.common.keyset_pagination import beyond
from credits.models import (
    BillingDetails,
    CreditAccount,
    CreditTransaction,
    Hold,
    NoticeSettings,
    Webhook,
    WebhookDelivery,
)
from inference.models import Completion, RefusedHour

ROWS_AT_ONCE = 1_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Section:
    name: str
    model: type[Model]
    fields: str  # with spaces between them
    owner: str = "user"
    keyset: tuple[str, ...] = ("pk",)  # an order that an index of the owner's rows has

    def pieces(self, user_id: int) -> Iterator[list[Row]]:
        """Newest first, so what is added meanwhile comes neither twice nor instead of another."""
        columns = self.fields.split()
        place = {f"place_{name}": F(name) for name in self.keyset}
        mine = self.model._default_manager.filter(**{self.owner: user_id}).order_by(*(f"-{key}" for key in self.keyset))
        found = mine.annotate(**place).values(*columns, *place)
        rows = list(found[:ROWS_AT_ONCE])
        while rows:
            last = {name: rows[-1][f"place_{name}"] for name in self.keyset}
            yield [{name: row[name] for name in columns} for row in rows]
            rows = list(found.filter(beyond(last, False))[:ROWS_AT_ONCE]) if len(rows) == ROWS_AT_ONCE else []


TOKENS = " ".join(Completion.bucket_columns())

SECTIONS = (
    Section(
        "account", User, "id email claimed_email email_proven_at name date_joined last_login is_active is_staff "
        "is_superuser concurrency follows_successors", "pk",
    ),
    Section("wallets", WalletAddress, "id address kind created_at"),
    Section(
        "keys", ApiKey, "id name prefix created_at last_used_at last_used_address last_used_agent expires_at "
        "revoked_at paused_at previous_until scope allowed_addresses allowed_models limit_cents limit_period "
        "requests_per_minute concurrency usage_in_streams cache_marks",
    ),
    Section("sessions", BrowserSession, "began_at seen_at address agent expire_date"),
    Section("programs_signed_in", RefreshToken, "id created_at expires_at used_at revoked_at address agent"),
    Section("sign_in_links", SignInLink, "id created_at expires_at used_at proven_at"),
    Section("networks_signed_in_from", SignInPlace, "id network seen_at"),
    Section("authenticator_apps", TotpApp, "created_at"),
    Section("passkeys", Passkey, "id name created_at last_used_at"),
    Section("recovery_codes", RecoveryCode, "id used_at"),
    Section("filters_of_staff_lists", SavedFilter, "id listed name query created_at"),
    Section("balance", CreditAccount, "balance_cents held_cents written_off_cents"),
    Section("billing_details", BillingDetails, "name address tax_id"),
    Section("notifications", NoticeSettings, "low_days by_email weekly told_low_at weekly_sent_for"),
    Section("webhooks", Webhook, "id url events created_at removed_at"),
    Section(
        "webhook_deliveries", WebhookDelivery, "id webhook_id event about body created_at attempts next_at "
        "delivered_at last_said", "webhook__user",
    ),
    Section("requests_under_way", Hold, "completion_id key_id cents admitted_at", "account"),
    Section(
        "transactions", CreditTransaction, "id type amount_cents balance_after_cents reference refers_to description "
        "details key_id reason payment_reference created_at", "account",
    ),
    Section(
        "requests", Completion, "id request_id created_at admitted_at key_id model_id asked_model provider "
        f"served_model is_stream {TOKENS} reasoning_tokens cost_usd charged_cents settlement ending status "
        "finish_reason first_byte_ms total_ms", keyset=("created_at", "id"),
    ),
    Section("refused_by_hour", RefusedHour, "id key_id hour status code number", keyset=("hour", "id")),
)  # fmt: skip

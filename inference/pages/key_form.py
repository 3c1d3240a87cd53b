from datetime import datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from typing import Any

from django import forms
from django.utils import timezone

from accounts.api.keys import MOST_KEYS, change
from accounts.models import ApiKey, User
from inference import catalog

MOST_DOLLARS = 10**13
MOST_NETWORKS = 100
LIFETIMES = [("", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]
PERIODS = [("", "in total"), *ApiKey.Period.choices]
OLD_SECRETS = [
    ("0", "ends at once"),
    ("3600", "works for an hour"),
    ("86400", "works for a day"),
    ("604800", "works for a week"),
]


class KeyForm(forms.Form):
    """What its owner says of a key, when it is made and later. What is left empty does not limit."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"placeholder": "my laptop"}))
    limit = forms.DecimalField(
        required=False, label="Spend at most, in dollars", min_value=0, max_value=MOST_DOLLARS, decimal_places=2
    )
    period = forms.ChoiceField(required=False, label="Counted", choices=PERIODS)
    requests_per_minute = forms.IntegerField(required=False, min_value=1, max_value=10**9)
    concurrency = forms.IntegerField(required=False, label="Requests at once", min_value=1, max_value=10**9)
    lifetime = forms.ChoiceField(required=False, label="Expires", choices=LIFETIMES)
    scope = forms.ChoiceField(
        required=False,
        label="May be used for",
        choices=ApiKey.Scope.choices,
        initial=ApiKey.Scope.INFERENCE,
        help_text="A key for inference only cannot read your credits or keys. Conway's own clients show the balance: "
        "they need both.",
    )
    allowed_addresses = forms.CharField(
        required=False,
        label="Only from these addresses",
        max_length=5000,
        widget=forms.TextInput(attrs={"placeholder": "203.0.113.7 198.51.100.0/24"}),
    )
    allowed_models = forms.MultipleChoiceField(
        required=False, label="Only these models", widget=forms.CheckboxSelectMultiple
    )

    usage_in_streams = forms.BooleanField(
        required=False,
        label="Usage at the end of every stream",
        help_text="Of chat completions whose request does not say; the other formats always tell it.",
    )
    cache_marks = forms.BooleanField(
        required=False,
        label="Mark prompts for Claude's cache",
        help_text="Where a request marks nothing itself. Writing into the cache costs a quarter more, reading from it "
        "a tenth: it pays for agents, which send their conversation again and again. Receipts show what it saved.",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.user = user
        models = self.fields["allowed_models"]
        assert isinstance(models, forms.MultipleChoiceField)
        models.choices = [(name, name) for name in self.models_to_choose()]

    def switches(self) -> list[forms.BoundField]:
        return [self["usage_in_streams"], self["cache_marks"]]

    def models_to_choose(self) -> list[str]:
        return list(catalog.current_sync().listings)

    def clean_limit(self) -> int | None:
        """In cents."""
        dollars = self.cleaned_data["limit"]
        if dollars is not None and not dollars:
            raise forms.ValidationError("A key that may spend nothing is of no use; leave it empty for no limit.")
        return None if dollars is None else int(dollars * 100)

    def clean_allowed_addresses(self) -> list[str] | None:
        try:
            written = self.cleaned_data["allowed_addresses"].replace(",", " ").split()
            found = sorted({str(ip_network(text, strict=False)) for text in written})
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None
        if len(found) > MOST_NETWORKS:
            raise forms.ValidationError(f"At most {MOST_NETWORKS} networks.")
        return found or None

    def clean(self) -> dict[str, Any] | None:
        if ApiKey.objects.filter(user=self.user, revoked_at=None).count() >= MOST_KEYS:
            raise forms.ValidationError(f"{MOST_KEYS} keys are in use; revoke some first.")
        return super().clean()

    def columns(self) -> dict[str, Any]:
        fields = self.cleaned_data
        return {
            "name": fields["name"],
            "limit_cents": fields["limit"],
            "limit_period": (fields["limit"] and fields["period"]) or None,
            "requests_per_minute": fields["requests_per_minute"],
            "concurrency": fields["concurrency"],
            "expires_at": self.expires_at(),
            "allowed_models": sorted(fields["allowed_models"]) or None,
            "allowed_addresses": fields["allowed_addresses"],
            "scope": fields["scope"] or ApiKey.Scope.INFERENCE,
            "usage_in_streams": fields["usage_in_streams"],
            "cache_marks": fields["cache_marks"],
        }

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None

    def issue(self) -> tuple[ApiKey, str]:
        return ApiKey.issue(user=self.user, **self.columns())


class ChangedKeyForm(KeyForm):
    """Begins with the key as it is; its present end is a choice beside the usual ones."""

    KEPT = "kept"

    def __init__(self, *args: Any, key: ApiKey, **kwargs: Any) -> None:
        self.key = key
        super().__init__(*args, user=key.user, initial=self.present(key), **kwargs)
        lifetime = self.fields["lifetime"]
        assert isinstance(lifetime, forms.ChoiceField)
        if key.expires_at:
            lifetime.choices = [(self.KEPT, f"{key.expires_at:%Y-%m-%d %H:%M} UTC, as now"), *LIFETIMES]

    @classmethod
    def present(cls, key: ApiKey) -> dict[str, Any]:
        return {
            "name": key.name,
            "limit": None if key.limit_cents is None else Decimal(key.limit_cents) / 100,
            "period": key.limit_period or "",
            "requests_per_minute": key.requests_per_minute,
            "concurrency": key.concurrency,
            "lifetime": cls.KEPT if key.expires_at else "",
            "scope": key.scope,
            "allowed_addresses": " ".join(key.allowed_addresses or ()),
            "allowed_models": key.allowed_models or [],
            "usage_in_streams": key.usage_in_streams,
            "cache_marks": key.cache_marks,
        }

    def models_to_choose(self) -> list[str]:
        """One that is no longer offered stays until it is unticked."""
        return list(dict.fromkeys([*super().models_to_choose(), *(self.key.allowed_models or ())]))

    def clean(self) -> dict[str, Any] | None:
        return forms.Form.clean(self)  # no further key is made

    def expires_at(self) -> datetime | None:
        return self.key.expires_at if self.cleaned_data["lifetime"] == self.KEPT else super().expires_at()

    def save(self) -> None:
        change(self.key, **self.columns())


class RotationForm(forms.Form):
    keep_old = forms.ChoiceField(label="The old secret", choices=OLD_SECRETS, initial="86400")

    def rotate(self, key: ApiKey) -> str:
        return key.rotate(timedelta(seconds=int(self.cleaned_data["keep_old"])))

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.api.keys import MOST_KEYS
from accounts.models import ApiKey, User
from inference import catalog

MOST_DOLLARS = 10**13
LIFETIMES = [("", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]
PERIODS = [("", "in total"), *ApiKey.Period.choices]


class KeyForm(forms.Form):
    """A new key. What is left empty does not limit."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"placeholder": "my laptop"}))
    limit = forms.DecimalField(
        required=False, label="Spend at most, in dollars", min_value=0, max_value=MOST_DOLLARS, decimal_places=2
    )
    period = forms.ChoiceField(required=False, label="Counted", choices=PERIODS)
    requests_per_minute = forms.IntegerField(required=False, min_value=1, max_value=10**9)
    concurrency = forms.IntegerField(required=False, label="Requests at once", min_value=1, max_value=10**9)
    lifetime = forms.ChoiceField(required=False, label="Expires", choices=LIFETIMES)
    allowed_models = forms.MultipleChoiceField(
        required=False, label="Only these models", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.user = user
        models = self.fields["allowed_models"]
        assert isinstance(models, forms.MultipleChoiceField)
        models.choices = [(name, name) for name in catalog.current_sync().listings]

    def clean_limit(self) -> int | None:
        """In cents."""
        dollars = self.cleaned_data["limit"]
        if dollars is not None and not dollars:
            raise forms.ValidationError("A key that may spend nothing is of no use; leave it empty for no limit.")
        return None if dollars is None else int(dollars * 100)

    def clean(self) -> dict[str, Any] | None:
        if ApiKey.objects.filter(user=self.user, revoked_at=None).count() >= MOST_KEYS:
            raise forms.ValidationError(f"{MOST_KEYS} keys are in use; revoke some first.")
        return super().clean()

    def issue(self) -> tuple[ApiKey, str]:
        given = self.cleaned_data
        return ApiKey.issue(
            user=self.user,
            name=given["name"],
            limit_cents=given["limit"],
            limit_period=(given["limit"] and given["period"]) or None,
            requests_per_minute=given["requests_per_minute"],
            concurrency=given["concurrency"],
            expires_at=timezone.now() + timedelta(days=int(given["lifetime"])) if given["lifetime"] else None,
            allowed_models=given["allowed_models"] or None,
        )

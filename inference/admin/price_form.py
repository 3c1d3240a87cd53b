"""A price to come: one field for each bucket and tier."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.timezone import now

from accounts.models import User
from inference.catalog.pricing import InvalidSheet, PriceSheet
from inference.catalog.snapshot import NOTICE
from inference.chat.usage import BUCKETS
from inference.models import ChatModel, Price
from inference.pages.price_table import BUCKET_TITLES

TIERS = range(4)  # the first is for any prompt, the others for longer ones
READING = timedelta(seconds=30)  # between seeing what it charges and adding it


class PriceField(forms.DecimalField):
    """USD per million tokens. Nothing is free by a slip of the finger."""

    def __init__(self) -> None:
        super().__init__(required=False, min_value=Decimal("0.000001"), max_digits=12, decimal_places=6)


def newest_price() -> int:
    return Price.objects.aggregate(newest=Max("pk"))["newest"] or 0


class PriceForm(forms.Form):
    model = forms.ModelChoiceField(ChatModel.objects.all())
    starts_at = forms.DateTimeField(
        label="Starts at (UTC)",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="At least two minutes ahead. Only a model's first price may start at once: leave this empty.",
    )
    source = forms.CharField(
        max_length=300, widget=forms.TextInput(attrs={"size": 60}), help_text="The page that states this price."
    )
    checked_on = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    version = forms.IntegerField(  # the newest price there was when the form was opened
        widget=forms.HiddenInput, initial=newest_price, min_value=0, max_value=2**63 - 1
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for tier in TIERS:
            self.fields |= {f"{bucket}-{tier}": PriceField() for bucket in BUCKETS}
            if tier:
                self.fields[f"above-{tier}"] = forms.IntegerField(required=False, min_value=1, max_value=10**9)

    @classmethod
    def like(cls, query: Mapping[str, str]) -> dict[str, Any]:
        """Filled in with what the model costs now, or is announced to if it costs nothing yet, and with what a public
        list proposes (reporting/price_check.py).
        """
        model = query.get("model", "").replace("\x00", "")
        known = Price.objects.filter(model=model).order_by("-starts_at")
        last = known.filter(starts_at__lte=now()).first() or known.first()
        if last is None:
            return {"model": model}
        tiers = [last.sheet, *last.sheet.get("tiers", [])]
        prices = {f"{name}-{tier}": value for tier, row in enumerate(tiers) for name, value in row.items()}
        proposed = {name: query[name] for bucket in BUCKETS for tier in TIERS if (name := f"{bucket}-{tier}") in query}
        return {**prices, **proposed, "model": model, "source": last.source}

    def rows(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        for bucket in BUCKETS:
            yield BUCKET_TITLES[bucket], [self[f"{bucket}-{tier}"] for tier in TIERS]

    def above(self) -> list[forms.BoundField]:
        return [self[f"above-{tier}"] for tier in TIERS if tier]

    def clean(self) -> dict[str, Any]:
        """Raises what `PriceSheet` says: nobody could be charged by it."""
        fields: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                PriceSheet.of(self.sheet())
            except InvalidSheet as error:
                raise forms.ValidationError(str(error)) from error
            fields["starts_at"] = self.start(fields["model"], fields["starts_at"])
            self.nothing_was_added(fields["model"], fields["version"])
        return fields

    def nothing_was_added(self, model: ChatModel, version: int) -> None:
        """Raises if a colleague announced a price of this model after the form was opened."""
        added = model.prices.filter(pk__gt=version).select_related("added_by").order_by("-pk").first()
        if added is not None:
            raise forms.ValidationError(
                f"Nothing was added: {added.added_by or 'a command'} added a price of this model at "
                f"{added.created_at:%H:%M:%S} UTC, which starts {added.starts_at:%Y-%m-%d %H:%M} UTC. "
                "Look at it, and open this form again."
            )

    def start(self, model: ChatModel, wanted: datetime | None) -> datetime:
        if not model.prices.exists():
            return wanted or now()
        if wanted is None or wanted < now() + NOTICE + ("confirmed" not in self.data) * READING:
            raise forms.ValidationError({"starts_at": "A price starts at least 60 seconds ahead; leave time to read."})
        if model.prices.filter(starts_at=wanted).exists():
            raise forms.ValidationError({"starts_at": "Another price starts at that time already."})
        return wanted

    @cached_property
    def before(self) -> Price | None:
        """The one that is in force when this one starts."""
        fields = self.cleaned_data
        earlier = Price.objects.filter(model=fields["model"], starts_at__lt=fields["starts_at"])
        return earlier.order_by("-starts_at").first()

    def is_typed(self) -> bool:
        """Whether the model's name was typed to go on; else an error stands on the form."""
        if self.data.get("typed", "").strip() == self.cleaned_data["model"].name:
            return True
        self.add_error(None, f"Nothing was added: type {self.cleaned_data['model'].name} to add it.")
        return False

    def sheet(self) -> dict[str, Any]:
        first, *longer = (self.tier(tier) for tier in TIERS)
        tiers = [row for row in longer if row]
        return {**first, "tiers": tiers} if tiers else first

    def tier(self, tier: int) -> dict[str, Any]:
        fields = self.cleaned_data
        prices = {
            name: f"{price.normalize():f}" for name in BUCKETS if (price := fields.get(f"{name}-{tier}")) is not None
        }
        above = fields.get(f"above-{tier}")
        return {**prices, "above": above} if tier and (prices or above) else prices

    def add(self, *, by: User) -> Price | None:
        """The new row, or None and an error on the form: the database has the last word about when it may start."""
        fields = self.cleaned_data
        try:
            with transaction.atomic():
                model = ChatModel.objects.select_for_update(no_key=True).get(pk=fields["model"].pk)
                self.nothing_was_added(model, fields["version"])  # two who confirm at once take turns
                return Price.objects.create(
                    model=fields["model"],
                    starts_at=fields["starts_at"],
                    sheet=self.sheet(),
                    source=fields["source"],
                    checked_on=fields["checked_on"],
                    added_by=by,
                )
        except IntegrityError:
            self.add_error("starts_at", "This start is too near, or taken already.")
        except forms.ValidationError as error:
            self.add_error(None, error)
        return None

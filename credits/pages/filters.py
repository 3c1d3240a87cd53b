from typing import Any

from django import forms

from accounts.models import ApiKey
from credits import figures, history
from credits.figures import GIVEN_BACK, SPENDING, Figures
from credits.history_facets import used_keys, used_models
from credits.models import CreditTransaction, CreditTransactionQuerySet

RECEIPT_LENGTH_MAX = 100

TYPE_TITLES = {
    CreditTransaction.Type.TOP_UP: "Top-up",
    CreditTransaction.Type.INFERENCE: "Inference",
    CreditTransaction.Type.REFUND: "Refund",
    CreditTransaction.Type.ADJUSTMENT: "Adjustment",
    CreditTransaction.Type.WRITE_OFF: "Write-off",
}


# A name in the address stands for one type, or for those that pages add up together.
TYPES: dict[str, tuple[str, ...]] = {
    **{type: (type,) for type in TYPE_TITLES},
    "given_back": GIVEN_BACK,
    "spent": SPENDING,
}
CHOICES = [
    ("", "All types"),
    *TYPE_TITLES.items(),
    ("given_back", "Given back: refunds and write-offs"),
    ("spent", "Spent: charges, refunds and write-offs"),
]


class Day(forms.DateInput):
    input_type = "date"


class HistoryFilters(forms.Form):
    """The form reads the address of the history page. An empty field does not filter."""

    type = forms.ChoiceField(required=False, choices=CHOICES)
    model = forms.ChoiceField(required=False)
    key = forms.ModelChoiceField(required=False, queryset=ApiKey.objects.none(), empty_label="All keys")
    since = forms.DateField(required=False, label="From", widget=Day)
    until = forms.DateField(required=False, label="Until", widget=Day)
    receipt = forms.CharField(required=False, label="Receipt id", max_length=RECEIPT_LENGTH_MAX)

    def __init__(self, *args: Any, user_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.user_id = user_id
        models, keys = self.fields["model"], self.fields["key"]
        assert isinstance(models, forms.ChoiceField) and isinstance(keys, forms.ModelChoiceField)
        models.choices = [("", "All models"), *((name, name) for name in used_models(user_id))]
        keys.queryset = ApiKey.objects.filter(user=user_id, pk__in=used_keys(user_id)).order_by("-pk")

    @property
    def filters(self) -> history.Filters:
        values = self.cleaned_data
        return history.Filters(
            types=TYPES.get(values["type"], ()),
            model=values["model"] or None,
            key_id=values["key"].pk if values["key"] else None,
            since=values["since"],
            until=values["until"],
        )

    def entries(self) -> CreditTransactionQuerySet:
        """None where a filter makes no sense: the page says which."""
        if not self.is_valid():
            return CreditTransaction.objects.none()
        found = history.entries(self.user_id, self.filters)
        receipt = self.cleaned_data["receipt"].strip()
        return found.about(f"inference:{receipt}") if receipt else found

    def figures(self) -> Figures:
        """The figures of all entries that match."""
        if not self.is_valid():
            return Figures()
        return (
            figures.of_rows(self.entries())
            if self.cleaned_data["receipt"]
            else figures.total(self.user_id, self.filters)
        )

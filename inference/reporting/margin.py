"""What we earn: what was paid, charges less what was given back, less what the provider takes."""

from decimal import Decimal

from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Concat

from credits.models import CreditTransaction
from inference.catalog.pricing import CENTS_PER_USD
from inference.models import Completion


def margin_cents(paid_cents: int, cost_usd: Decimal) -> Decimal:
    return Decimal(paid_cents) - cost_usd * CENTS_PER_USD


def with_paid(completions: QuerySet[Completion]) -> QuerySet[Completion]:
    """Adds `paid_cents`: two looks into indexes for each completion that is shown."""
    charge = Concat(Value("inference:"), OuterRef("pk"))
    about = CreditTransaction.objects.filter(Q(reference=charge) | Q(refers_to=charge)).order_by()
    sums = about.values(all=Value(1)).annotate(cents=-Sum("amount_cents")).values("cents")
    return completions.annotate(paid_cents=Coalesce(Subquery(sums), 0, output_field=BigIntegerField()))

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest.request import ApiRequest
from conway.common.rest.schema import errors
from credits import history
from credits.models import CreditTransaction

MOST_ROWS = 100
MOST_SKIPPED = 10_000  # rows the database reads only to skip them


class HistoryFields(serializers.Serializer[Any]):
    limit = serializers.IntegerField(default=20, min_value=1, help_text=f"Rows; more than {MOST_ROWS} are cut to that.")
    offset = serializers.IntegerField(
        default=0, min_value=0, max_value=MOST_SKIPPED, help_text="Rows to skip. Further back only a cursor leads."
    )
    cursor = serializers.IntegerField(
        default=None,
        min_value=1,
        max_value=history.GREATEST_ID,
        help_text="The next_cursor of the page before: as fast at any depth, and unmoved by what is booked meanwhile.",
    )
    type = serializers.ChoiceField(CreditTransaction.Type.choices, default=None)
    model = serializers.CharField(default=None, max_length=100)
    key = serializers.IntegerField(
        default=None, min_value=1, max_value=history.GREATEST_ID, help_text="An API key's id."
    )
    to = serializers.DateField(default=None, help_text="The last day, UTC.")

    def get_fields(self) -> dict[str, "serializers.Field[Any, Any, Any, Any]"]:
        """`from` is a word of Python's own."""
        return super().get_fields() | {"from": serializers.DateField(default=None, help_text="The first day, UTC.")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["cursor"] and attrs["offset"]:
            raise serializers.ValidationError({"offset": "Give an offset or a cursor, not both."})
        return attrs


class EntryBody(serializers.ModelSerializer[CreditTransaction]):
    id = serializers.CharField(source="pk", read_only=True)
    description = serializers.SerializerMethodField()
    key_id = serializers.IntegerField(read_only=True, allow_null=True, help_text="The API key that was used.")
    model = serializers.CharField(source="details.model", read_only=True, default=None, allow_null=True)
    tokens = serializers.DictField(
        source="details.tokens",
        child=serializers.IntegerField(),
        read_only=True,
        default=None,
        allow_null=True,
        help_text="Of an inference: tokens by price, in buckets that do not overlap.",
    )
    cost_usd = serializers.CharField(
        source="details.cost_usd",
        read_only=True,
        default=None,
        allow_null=True,
        help_text="Of an inference: the exact cost of its tokens in USD, before the markup.",
    )
    receipt_id = serializers.CharField(
        source="details.receipt",
        read_only=True,
        default=None,
        allow_null=True,
        help_text="The completion's id; GET /v1/receipts/{id} has the rest.",
    )

    class Meta:
        model = CreditTransaction
        fields = (
            "id",
            "type",
            "amount_cents",
            "balance_after_cents",
            "description",
            "created_at",
            "reference",
            "refers_to",
            "key_id",
            "model",
            "tokens",
            "cost_usd",
            "receipt_id",
        )
        read_only_fields = fields

    def get_description(self, entry: CreditTransaction) -> str:
        return entry.description or entry.reason or entry.get_type_display().capitalize()

    def to_representation(self, entry: CreditTransaction) -> dict[str, Any]:
        """A refund or write-off carries its charge's details; its tokens were counted there."""
        body = super().to_representation(entry)
        return body if entry.type == CreditTransaction.Type.INFERENCE else {**body, "tokens": None, "cost_usd": None}


class HistoryBody(serializers.Serializer[Any]):
    transactions = EntryBody(many=True)
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True, help_text="For the page after this one; null at the end.")


class HistoryView(APIView):
    @extend_schema(parameters=[HistoryFields], responses={200: HistoryBody, **errors(400, 401)})
    def get(self, request: ApiRequest) -> Response:
        """Your transactions, newest first. Debits are negative, and balance_after_cents is the balance they left."""
        query = HistoryFields(data=dict(request.query_params.items()))
        query.is_valid(raise_exception=True)
        fields = query.validated_data
        limit = min(fields["limit"], MOST_ROWS)
        page = history.page(
            history.entries(request.auth.user_id, filters_of(fields)),
            limit=limit,
            offset=fields["offset"],
            cursor=fields["cursor"],
        )
        return Response(
            {
                "transactions": EntryBody(page.entries, many=True).data,
                "limit": limit,
                "offset": fields["offset"],
                "has_more": page.next_cursor is not None,
                "next_cursor": None if page.next_cursor is None else str(page.next_cursor),
            }
        )


def filters_of(fields: dict[str, Any]) -> history.Filters:
    return history.Filters(
        types=(fields["type"],) if fields["type"] else (),
        model=fields["model"],
        key_id=fields["key"],
        since=fields["from"],
        until=fields["to"],
    )

"""What rendering a request may cost beyond its size, counted for all dialects in one place.

References write a schema out again and again, so a kilobyte of them can stand for millions of schemas.
"""

from dataclasses import dataclass

from inference.chat.invalid_request import InvalidRequest

MOST_SCHEMAS = 20_000


@dataclass(slots=True)
class Budget:
    """Of one rendering: the schemas it may hold after references were written out. `grown`: bytes by which schemas are
    longer as sent than as given, which the hold has to pay for as well.
    """

    schemas: int = MOST_SCHEMAS
    grown: int = 0

    def spend(self, schemas: int, param: str) -> None:
        """Raises `InvalidRequest` when the request's schemas, written out, are too many."""
        self.schemas -= schemas
        if self.schemas < 0:
            sentence = f"{param}: with references written out, the request has more than {MOST_SCHEMAS:,} schemas."
            raise InvalidRequest(sentence, param=param.partition("[")[0], code="request_too_complex")

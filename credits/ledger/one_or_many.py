"""The words in which the statement for one differs from the statement for many. What is between them, the rules, is
one text.

A statement for one needs no recursion, window or sum over its requests, and PostgreSQL plans it for one row, not
a list's hundred: no hash tables, no sorts, and no scan of a table that is small enough to be read whole.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestList:
    is_one: bool

    def listed(self, columns: str) -> str:
        """What `$1` lists, each with its number `n` in it."""
        if self.is_one:
            return f"SELECT *, 1::bigint AS n FROM jsonb_to_record($1::jsonb -> 0) AS ({columns})"
        listed = f"ROWS FROM (jsonb_to_recordset($1::jsonb) AS ({columns})) WITH ORDINALITY"
        return f"SELECT *, ordinality AS n FROM {listed}"

    def users(self, of: str) -> str:
        """What a user's id is compared with."""
        return f"= (SELECT user_id FROM {of})" if self.is_one else f"= ANY (ARRAY(SELECT user_id FROM {of}))"

    @property
    def place(self) -> str:
        """Which of its account's it is, from 1."""
        return "1::bigint" if self.is_one else "row_number() OVER (PARTITION BY user_id ORDER BY n)"

    def one_after_the_other(self, first: str, following: Callable[[str], str]) -> str:
        """`step`: a row for each request of an account, which `following` makes of the row before, from `first` on."""
        if self.is_one:
            return f"step AS ({following(f'({first})')})"
        return f"step AS ({first}\n  UNION ALL{following('step')}\n)"

    def so_far(self, function: str, value: str) -> str:
        """`sum` or `min` of its account's, up to itself."""
        return f"({value})" if self.is_one else f"{function}({value}) OVER (PARTITION BY user_id ORDER BY n)"

    def before(self, value: str) -> str:
        """Its account's last one's; 0 of the first."""
        return "0" if self.is_one else f"coalesce(lag({value}) OVER (PARTITION BY user_id ORDER BY n), 0)"

    def sums(self, by: str, source: str, **values: str) -> str:
        """The values summed up by `by`."""
        summed = (f"({value})" if self.is_one else f"sum({value})" for value in values.values())
        named = ", ".join(f"{value}::bigint AS {name}" for value, name in zip(summed, values, strict=True))
        return f"SELECT {by}, {named} FROM {source}" + ("" if self.is_one else f" GROUP BY {by}")


ONE, MANY = RequestList(is_one=True), RequestList(is_one=False)

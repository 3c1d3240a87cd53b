"""Which models and keys an account's history knows: one look into an index for each, not a walk through all rows."""

from django.db import connection

from conway.common.database import Row

MOST = 100


def used_models(user_id: int) -> list[str]:
    return [name for (name,) in _rows(HISTORY_MODELS_SQL, user_id)]


def used_keys(user_id: int) -> list[int]:
    return [key_id for (key_id,) in _rows(HISTORY_KEYS_SQL, user_id)]


def _rows(sql: str, user_id: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"user": user_id, "most": MOST})
        rows: list[Row] = cursor.fetchall()
        return rows


HISTORY_MODELS_SQL = """
WITH RECURSIVE used (model) AS (
  SELECT min(details ->> 'model') FROM credits_credittransaction WHERE account_id = %(user)s
  UNION ALL
  SELECT (SELECT min(t.details ->> 'model') FROM credits_credittransaction t
          WHERE t.account_id = %(user)s AND t.details ->> 'model' > used.model)
  FROM used WHERE used.model IS NOT NULL
)
SELECT model FROM used WHERE model IS NOT NULL LIMIT %(most)s"""

HISTORY_KEYS_SQL = """
WITH RECURSIVE used (key_id) AS (
  SELECT min(key_id) FROM credits_credittransaction WHERE account_id = %(user)s AND key_id IS NOT NULL
  UNION ALL
  SELECT (SELECT min(t.key_id) FROM credits_credittransaction t
          WHERE t.account_id = %(user)s AND t.key_id > used.key_id)
  FROM used WHERE used.key_id IS NOT NULL
)
SELECT key_id FROM used WHERE key_id IS NOT NULL LIMIT %(most)s"""

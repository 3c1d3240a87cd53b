from ninja import Schema


class ErrorObject(Schema):
    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(Schema):
    error: ErrorObject
    detail: str | None = None


def errors(*statuses: int) -> dict[int, type[ErrorBody]]:
    """The error answers of an operation; 405, 500 and 503 belong to every one, and 403 to whatever takes a key: it may
    be paused or bound to another address.
    """
    found = {*statuses, 405, 500, 503} | ({403} if 401 in statuses else set())
    return dict.fromkeys(sorted(found), ErrorBody)

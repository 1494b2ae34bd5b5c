"""Why this exists: what only the database can find out, in the domain's words."""


class DuplicateError(Exception):
    """A record with this id, or with another value that has to be unique, exists already; answered 409."""

    def __init__(self, what: str, field: str) -> None:
        super().__init__(f"There already is a {what} with this {field}.")
        self.code = f"{field}_taken"
        self.field = field


class UnknownRecordError(Exception):
    """There is no such record; answered 404."""

    def __init__(self, what: str, record_id: str) -> None:
        super().__init__(f"There is no {what} {record_id!r}.")
        self.what = what

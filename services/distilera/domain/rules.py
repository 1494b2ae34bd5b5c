"""Why this exists: a broken rule of the domain is one kind of error, whichever rule it is."""


class RuleError(Exception):
    """A well-formed wish that the domain's rules do not allow; answered 422.

    Args:
        code: A word programs can rely on, such as `unknown_element`.
        message: A sentence for the person who reads it.
        field: The dotted path of the request's field that is to blame; empty when it is none in particular.
    """

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field

"""What ends the program: an exit status of the table in README.md, what is wrong, and what to do."""
BAD_DATA, NO_INPUT, UNREACHABLE, INTERNAL_ERROR, CANNOT_WRITE, STOPPED = 65, 66, 69, 70, 74, 75


class Problem(Exception):
    def __init__(self, status: int, what: str, remedy: str) -> None:
        super().__init__(what)
        self.status, self.what, self.remedy = status, what, remedy


def shown(text: str, longest: int = 60) -> str:
    """Text of a file or a service, short and without control characters."""
    text = "".join(c if c.isprintable() else "?" for c in text[:longest + 1])
    return text if len(text) <= longest else text[:longest] + "..."

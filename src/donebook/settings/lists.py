"""Lists as people write them in an environment variable."""

import json


def parse_list(value: object) -> list[str]:
    """The items of a JSON array of strings or of a comma-separated list, trimmed, empty ones dropped.

    Raises ``ValueError`` when it begins like JSON and is not an array of strings.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("["):
            return [item for part in text.split(",") if (item := part.strip())]
        try:
            value = json.loads(text)
        except ValueError:
            # The cause would quote the text, and some lists hold secrets.
            raise ValueError('is not a JSON array; write ["a","b"] or a,b') from None
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError('should be a JSON array of strings, ["a","b"], or a comma-separated list, a,b')
    return [item for part in value if (item := part.strip())]


def raise_mistakes(mistakes: list[str]) -> None:
    """Raise one ``ValueError`` with a line for each mistake, if there is any."""
    if mistakes:
        raise ValueError("\n".join(mistakes))

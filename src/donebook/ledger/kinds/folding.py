"""The form in which texts are searched and sorted."""

import unicodedata


def fold(text: str) -> str:
    """Case-folded and composed, so that texts that differ in nothing else are equal (Unicode 3.13, D145)."""
    if text.isascii():
        return text.lower()
    # Decomposed first because a capital may have more precomposed accents than its small letter has;
    # composed last because folding takes some letters apart.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())

"""Text from elsewhere, made fit for a terminal."""

import unicodedata

#: Controls (they move the cursor, colour, retitle or answer), marks that turn the reading direction, separators of
#: lines and paragraphs, and halves of characters that no encoding can write.
_UNFIT = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: Joiners, which several scripts need to be spelled, and the soft hyphen: all of them harmless.
_FIT = "\u200c\u200d\u00ad"


def printable(text: str) -> str:
    r"""Return text on one line in which nothing commands the terminal: what would is shown as its code.

    Names of files, subjects and columns come from other people. The codes are those of JSON strings, so printed JSON
    that holds such a character stays the same JSON.

    Examples
    --------
    >>> printable("Anna\x1b[2J.mp4")
    'Anna\\u001b[2J.mp4'
    >>> printable("Jürgen 30°")
    'Jürgen 30°'
    """
    return "".join(
        character if character in _FIT or unicodedata.category(character) not in _UNFIT else _code(character)
        for character in text
    )


def printable_lines(text: str) -> str:
    r"""Return text of several lines with every line made `printable`.

    Examples
    --------
    >>> printable_lines("Anna\nJürgen\t30°").split("\n")
    ['Anna', 'Jürgen\\u000930°']
    """
    return "\n".join(map(printable, text.split("\n")))


def _code(character: str) -> str:
    pairs = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{pairs[at]:02x}{pairs[at + 1]:02x}" for at in range(0, len(pairs), 2))

"""
Hostile text made harmless for where it goes: a terminal, XML, a spreadsheet, a file name.

Node names, reasons and last words of a probe come from machines that are not trusted. What cannot
be shown is replaced by U+FFFD and not dropped, so that tampering stays visible.
"""

import hashlib
import re
import unicodedata

_REPLACEMENT = "\ufffd"
# Control, format (bidirectional overrides), surrogate, private use, unassigned.
_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zl", "Zp"})
_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FORMULA_STARTS = tuple("=+-@\t\r|%")
_FILE_SAFE = re.compile(r"[A-Za-z0-9._-]")
_LONGEST_NAME = 180


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Text for one line of a terminal or page; with `keep_lines`, line feeds and tabs stay."""
    if text.isprintable():  # nearly every text, and fifty times as fast
        return text
    return "".join(_shown(char, keep_lines) for char in text)


def xml_text(text: str) -> str:
    """Characters that XML 1.0 allows, with line ends as a parser gives them back."""
    return _NOT_XML.sub(_REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def csv_cell(text: str) -> str:
    """One cell that no spreadsheet takes for a formula."""
    shown = printable(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA_STARTS) else shown


def file_name(name: str) -> str:
    """A file name without separators, never hidden; names that differ stay different."""
    safe = "".join(c if _FILE_SAFE.match(c) else _percent(c) for c in name)
    if safe.startswith(".") or not safe:
        safe = f"%2E{safe[1:]}"
    if len(safe) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
        safe = f"{safe[:_LONGEST_NAME]}%{digest}"
    return safe


def _shown(char: str, keep_lines: bool) -> str:
    if char in "\n\t":
        return char if keep_lines else " "
    category = unicodedata.category(char)
    if category in _SPACES:
        return " "
    return _REPLACEMENT if category in _UNSHOWABLE else char


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode(errors="surrogatepass"))

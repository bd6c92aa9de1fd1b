"""
YAML as the checklists are written, read and written again without a byte changed.

ruamel.yaml lives here alone: its settings were measured on the official checklists of 1.33 to 1.37,
and a text that would not survive them unchanged is refused before anything is filled in.
"""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from aiconform.model.errors import ConfigError

_MOST_BYTES = 1 << 20
_NEVER_FOLD = 10**6


def read_text(path: Path) -> str:
    """
    Raises:
        ConfigError: It is not there, is no UTF-8, or is larger than any checklist.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ConfigError(f"{path} has more than {_MOST_BYTES} bytes", hint="Is it the file?")
        return data.decode("utf-8")
    except OSError as exc:
        raise ConfigError(f"cannot read {path}: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 ({exc})") from exc


def plain(text: str, *, name: str) -> Any:
    """
    Parse into dicts, lists and scalars. `1.10` is a number, `yes` a word, a key twice an error.

    Raises:
        ConfigError: It is not YAML.
    """
    return _load(YAML(typ="safe", pure=True), text, name)


def document(text: str, *, name: str) -> CommentedMap:
    """
    Parse for editing.

    Raises:
        ConfigError: It is not YAML, has no keys, or would come back changed.
    """
    loaded = _load(_round_trip(), text, name)
    if not isinstance(loaded, CommentedMap):
        raise ConfigError(f"{name} has no keys at its top", hint="Give the official checklist")
    if written(loaded) != text:
        raise ConfigError(
            f"{name} cannot be filled in without changing other lines of it",
            hint="Give the official file as it was published, without new line breaks or indents",
        )
    return loaded


def written(loaded: CommentedMap) -> str:
    """The text of a document."""
    out = io.StringIO()
    _round_trip().dump(loaded, out)
    return out.getvalue()


def quoted(text: str) -> DoubleQuotedScalarString:
    """One line in double quotes, whatever is in it."""
    made: DoubleQuotedScalarString = DoubleQuotedScalarString(" ".join(text.split()))
    return made


def quoted_list(texts: tuple[str, ...]) -> CommentedSeq:
    """One line for each."""
    return CommentedSeq([quoted(text) for text in texts])


def add_key(mapping: CommentedMap, key: str, value: Any) -> None:
    """Append a key; an empty line or comment after the last one stays after the last one."""
    last = next(reversed(mapping), None)
    mapping[key] = value
    if last in mapping.ca.items:
        mapping.ca.items[key] = mapping.ca.items.pop(last)


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _NEVER_FOLD
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _load(yaml: YAML, text: str, name: str) -> Any:
    try:
        return yaml.load(text)
    except (YAMLError, ValueError, RecursionError) as exc:
        raise ConfigError(f"{name} is not YAML that can be read ({_first_line(exc)})") from exc


def _first_line(exc: BaseException) -> str:
    mark = getattr(exc, "problem_mark", None)
    where = f", line {mark.line + 1}" if mark is not None else ""
    told = getattr(exc, "problem", None) or str(exc) or type(exc).__name__
    return f"{str(told).splitlines()[0]}{where}"

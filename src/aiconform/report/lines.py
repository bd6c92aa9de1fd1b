"""Large JSON documents, written item by item, a line for each: none is held as a whole."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from aiconform.model.base import Frozen


def json_lines(document: Mapping[str, Any]) -> Iterator[bytes]:
    """
    The document's lines. Values may be records; an iterator's are written one by one.

    Raises:
        ValueError: A number is not finite.
    """
    yield b"{"
    for number, (key, value) in enumerate(document.items()):
        yield f"{',' if number else ''}\n  {json.dumps(key)}: ".encode()
        if isinstance(value, list | tuple | Iterator):
            yield from _items(value)
        else:
            yield _plain(value)
    yield b"\n}\n"


def _items(values: Iterable[Any]) -> Iterator[bytes]:
    rest = iter(values)
    first = next(rest, _NOTHING)
    if first is _NOTHING:
        yield b"[]"
        return
    yield b"["
    for number, value in enumerate(chain([first], rest)):
        yield (b",\n    " if number else b"\n    ") + _plain(value)
    yield b"\n  ]"


_NOTHING = object()


_DUMPED = json.JSONEncoder(allow_nan=False).encode


def _plain(value: Any) -> bytes:
    if isinstance(value, Frozen):  # which holds no number that is not finite
        return value.model_dump_json(ensure_ascii=True).encode()
    return _DUMPED(value).encode()

"""HTML in which every text is escaped unless it was made here."""

from html import escape

from aiconform.report.scrub import printable


class Markup(str):
    """HTML that is safe as it is."""

    __slots__ = ()


Child = Markup | str | float | None


def tag(name: str, *children: Child, **attributes: str) -> Markup:
    """An element; `class_` stands for `class`. Children that are no Markup are escaped."""
    attrs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(printable(value))}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{attrs}>{''.join(_child(c) for c in children)}</{name}>")


def join(*parts: Markup) -> Markup:
    return Markup("".join(parts))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    return escape(printable(str(child), keep_lines=True))

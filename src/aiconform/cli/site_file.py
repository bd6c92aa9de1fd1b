"""A text file of the site's, as commands take it: whole, and never more of it than it may have."""

from pathlib import Path

from aiconform.model.errors import ConfigError


def read_site_file(path: Path, what: str, *, most_characters: int) -> str:
    """
    The text, or one that is too long by at least one character; its parser has to refuse that.

    Args:
        what: In an error's words: "waivers".

    Raises:
        ConfigError: It cannot be read, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            return file.read(4 * most_characters + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        raise ConfigError(f"the {what} in {path} cannot be read: {why}") from exc

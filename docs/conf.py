"""How `make docs` builds the site. A warning is an error there."""

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_FOUND = re.search(r'^version = "(.+)"$', (_ROOT / "pyproject.toml").read_text(), re.MULTILINE)
assert _FOUND is not None

project = "aiconform"
release = _FOUND.group(1)
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # links to headings, as GitHub has them

html_theme = "furo"
html_title = f"aiconform {release}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # from file:// a browser may not read the pages that it finds
html_theme_options = {"top_of_page_buttons": []}  # they would lead to a copy on the internet

"""
report.html: one file that needs no network.

Style, script and data are inside. A content security policy names style and script by their hashes
and lets nothing else load or run, should a hostile text ever slip through the escaping.
"""

from aiconform.report.page.document import page

__all__ = ["page"]

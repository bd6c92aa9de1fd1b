"""
Write docs/reference-findings.md from the catalogue: what each finding's code means, what to do.

With --check nothing is written: exit 1 when the page is not what the catalogue says.
"""

import argparse
import sys
from pathlib import Path

from aiconform.catalogue import finding_texts

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference-findings.md"
HEADER = """# Findings

Every finding names the broken part, why we say so, and what to do next. Its code leads here.
Names in braces stand for the part that the finding speaks of.
This page is made from the catalogue by `make findings`.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    args = parser.parse_args()
    page = render()
    if args.check:
        return int(not TARGET.exists() or TARGET.read_text() != page)
    TARGET.write_text(page)
    return 0


def render() -> str:
    """The whole page, one section for each code."""
    sections = (
        f"\n## {text.code}: {text.title}\n\n{text.means}\n\n"
        f"**What to do.** {text.action}\n\n**Why the rule exists.** {text.basis}\n"
        for text in finding_texts().values()
    )
    return HEADER + "".join(sections)


if __name__ == "__main__":
    sys.exit(main())

"""
Write docs/reference-findings.md from the catalogue: what each finding's code means, what to do.

With --check nothing is written: exit 1 when the page is not what the catalogue says.
"""

import argparse
import sys
from pathlib import Path

from aiconform.catalogue import FindingText, finding_texts
from aiconform.model.action import Action

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference-findings.md"
HEADER = """# Findings

Every finding names the broken part, why we say so, and what to do next. Its code leads here.
Names in braces stand for the part that the finding speaks of.

What to do is one action of a closed set. `summary.json` has it as `action_kind`, so that a ticket,
a runbook or a robot can go by it:
{actions}.

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
    actions = ", ".join(f"`{each.value}`" for each in Action)
    sections = (_section(text) for text in finding_texts().values())
    return HEADER.format(actions=actions) + "".join(sections)


def _section(text: FindingText) -> str:
    return (
        f"\n## {text.code}: {text.title}\n\n{text.means}\n\n"
        f"**Action: {text.action_kind.words}.** {text.action}\n\n{_unless(text)}"
        f"**Why the rule exists.** {text.basis}\n"
    )


def _unless(text: FindingText) -> str:
    reasons: dict[Action, list[str]] = {}
    for reason, kind in text.unless.items():
        reasons.setdefault(kind, []).append(f"`{reason}`")
    told = [f"{kind.words} when the reason is {', '.join(own)}" for kind, own in reasons.items()]
    return f"Another action: {'; '.join(told)}.\n\n" if told else ""


if __name__ == "__main__":
    sys.exit(main())

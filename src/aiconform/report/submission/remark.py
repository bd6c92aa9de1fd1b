"""What lint has to say."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """ERROR: the submission would be refused, or claims too much. ADVICE: a reviewer may ask."""

    ERROR = "error"
    ADVICE = "advice"


@dataclass(frozen=True)
class Remark:
    """
    One finding of lint.

    Attributes:
        rule: Which rule it breaks: "evidence-missing".
        where: A file, a field or a requirement's id.
        mend: What to do about it.
    """

    rule: str
    where: str
    problem: str
    mend: str
    severity: Severity = Severity.ERROR

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


def advice(rule: str, where: str, problem: str, mend: str) -> Remark:
    return Remark(rule, where, problem, mend, Severity.ADVICE)

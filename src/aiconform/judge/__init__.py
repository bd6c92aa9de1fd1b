"""What the facts prove: journal to verdicts, findings and ledger, and nothing else."""

from aiconform.judge.judgement import judge
from aiconform.judge.rounds import closed_rounds, round_results

__all__ = ["closed_rounds", "judge", "round_results"]

"""The run's one store of facts: append, replay, verify."""

from aiconform.journal.bulk import no_cycles
from aiconform.journal.file import Damage, Journal, Replay, dump, replay

__all__ = ["Damage", "Journal", "Replay", "dump", "no_cycles", "replay"]

"""The run's one store of facts: append, replay, verify."""

from aiconform.journal.file import Damage, Journal, Replay, dump, replay

__all__ = ["Damage", "Journal", "Replay", "dump", "replay"]

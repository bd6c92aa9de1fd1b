"""What nodes say: authenticated, checked, stored; and what they are told to do."""

from aiconform.collector.certificate import Certificate, make_certificate
from aiconform.collector.identity import Identity
from aiconform.collector.limits import Limits
from aiconform.collector.server import Collector
from aiconform.collector.tasks import TaskBoard

__all__ = ["Certificate", "Collector", "Identity", "Limits", "TaskBoard", "make_certificate"]

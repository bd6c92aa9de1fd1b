"""A network made of numbers, and the ways to find what is wrong in it: what would each find?"""

from aiconform.fabric.simulation.faults import KINDS, Fault
from aiconform.fabric.simulation.network import TOPOLOGIES, Noise, SimulatedNetwork, make_network
from aiconform.fabric.simulation.schedules import SCHEDULES
from aiconform.fabric.simulation.trials import Metrics, Question, run_trials

__all__ = [
    "KINDS",
    "SCHEDULES",
    "TOPOLOGIES",
    "Fault",
    "Metrics",
    "Noise",
    "Question",
    "SimulatedNetwork",
    "make_network",
    "run_trials",
]

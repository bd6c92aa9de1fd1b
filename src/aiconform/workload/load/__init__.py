"""
A load generator whose connections are exact: a new one for each request, or a few kept ones.

As a library: `result = await generate(LoadPlan(url=..., count=100))`, then `summarise(result)`.
"""

from aiconform.workload.load.generate import generate
from aiconform.workload.load.plan import LoadPlan, PlanError, Streak
from aiconform.workload.load.sample import LoadResult, Sample
from aiconform.workload.load.summary import summarise

__all__ = ["LoadPlan", "LoadResult", "PlanError", "Sample", "Streak", "generate", "summarise"]

"""Is this Kubernetes cluster really ready for AI, and if not, what exactly is broken?"""

__version__ = "0.1.0"

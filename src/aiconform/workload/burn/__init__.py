"""
Work and memory of a known size, so that a metric that should rise has a reason to.

Also runs outside our image, where the site's framework and accelerators are: this package and
`aiconform/__init__.py` are copied into a volume of the pod. Python 3.10 or newer.
"""

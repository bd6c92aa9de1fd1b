"""Property tests give the same examples each time, and few enough for everyday use."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "everyday",
    derandomize=True,
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("everyday")

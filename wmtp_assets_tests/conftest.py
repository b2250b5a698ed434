"""What all tests share."""

from hypothesis import settings

# A change is not blamed for what luck finds beside it; the fuzzers hunt further on demand.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

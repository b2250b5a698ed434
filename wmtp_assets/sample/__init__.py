"""The embedded upstream: a generator of a small mirror of the sources. Nothing else knows it."""

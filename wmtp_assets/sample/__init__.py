"""The embedded upstream: the catalog and the writers of a small mirror of the sources."""

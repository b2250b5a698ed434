"""The v2 folder skeleton of the storage (plan, Steps 0 and 1)."""

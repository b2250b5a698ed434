"""Damage of every kind for what is small and read whole: files of a storage, answers of a hub."""

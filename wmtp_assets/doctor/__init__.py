"""A look before the long run: what it would fail on, said in seconds, with the fix.

Pure functions decide (machine.py, plans.py, repositories.py), `__main__` prints. Nothing here
imports Dagster, torch or a dataset library; nothing is written but a temporary file that proves a
folder writable.
"""

"""Stored models -> small test models for a laptop, cut out of them; their size is in `rows.py`."""

"""Speed and memory, shown by comparison in one run: `python -m benchmarks.NAME [--json]`."""

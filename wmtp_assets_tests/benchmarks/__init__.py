"""Tests of the benchmarks: that they compare what they say they compare."""

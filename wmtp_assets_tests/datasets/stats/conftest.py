"""The tiny storage with all datasets, and copies of it to be damaged."""

from wmtp_assets_tests.datasets.conftest import damaged, made

__all__ = ["damaged", "made"]

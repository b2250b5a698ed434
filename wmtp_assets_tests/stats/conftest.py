"""The tiny storage of the corpora tests."""

from wmtp_assets_tests.corpora.conftest import damaged, made

__all__ = ["damaged", "made"]

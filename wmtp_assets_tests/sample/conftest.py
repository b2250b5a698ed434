"""The real upstream files, which the sample imitates."""

from wmtp_assets_tests.models.conftest import upstream

__all__ = ["upstream"]

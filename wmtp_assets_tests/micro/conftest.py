"""The tiny storage of the models, which the micro models are part of."""

from wmtp_assets_tests.weights.conftest import tiny

__all__ = ["tiny"]

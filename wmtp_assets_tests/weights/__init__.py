"""Tests of wmtp_assets.weights."""

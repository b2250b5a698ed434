"""Tests of wmtp_assets.models."""

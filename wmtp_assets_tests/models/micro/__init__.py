"""Tests of wmtp_assets.models.micro."""

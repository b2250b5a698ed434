"""Tests of wmtp_assets.micro."""

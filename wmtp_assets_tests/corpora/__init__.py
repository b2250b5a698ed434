"""Tests of the corpora room."""

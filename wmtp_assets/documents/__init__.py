"""Checklist and reports: what the record says, written for people."""

"""The checklist and the reports: what the Dagster record holds, written for people."""

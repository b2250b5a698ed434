"""The record as a reviewer reads it: state of evidence, checklist, reports, approval."""

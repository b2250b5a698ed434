"""The record as a reviewer reads it: what each check is worth now, by the steps of the plan."""

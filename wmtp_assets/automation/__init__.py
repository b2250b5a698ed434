"""Sensors and schedules: documents that follow the runs, alarms, notices."""

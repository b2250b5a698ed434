"""Tests of the instance of a team: its record in Postgres, its webservers."""

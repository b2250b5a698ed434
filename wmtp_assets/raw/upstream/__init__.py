"""The watch on the upstream repositories: where main is, daily; nothing is fetched.

watch   where main is -> a version, and a sentence for a person
record  how a raw asset stands to its repository in the Dagster record
assets  one observable asset a repository
jobs    the job that observes them, its schedule
"""

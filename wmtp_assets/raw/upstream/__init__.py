"""The watch on the upstream repositories: where main is, daily; nothing is fetched.

watch         where main is -> a version, and a sentence for a person
observations  the commits that were seen, in the Dagster record; the input version of a raw asset
assets        one observable asset a repository
jobs          the job that observes them, its schedule
"""

"""Decisions of reviewers on the storage, kept in its folder `signoff/`, each in a numbered entry.

covered_files    which files of the storage an approval covers
manifest         what was decided on: files with digests, sources, check results
chain            the entries on the disk: each names the digest of the one before
json_schema      the fields of their JSON files
append           a new entry, whole or not at all
recorded_lock    what sources.lock.json has to hold, by the record
refusal_reasons  why an approval cannot be granted
signing          the OpenSSF model-signing format, written by its library, on the reviewer's machine
signature        the same format, read and verified
trust            which decisions count: by the record, or by the reviewers' keys
state            whether the storage is approved now: absent, approved, rejected, suspended
review           the one way a decision comes about
verify           the whole of it read back from the disk, without Dagster
events, checks, jobs   glue; events: decisions in the Dagster record
"""

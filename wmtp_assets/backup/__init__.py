"""The approved storage copied to another place, and back (plan, Step 11: back up and tag).

location   a folder that fsspec reaches: another disk, S3, ...
tag        `v2.0.0.json` beside the copy: of which decision it is, every file with its digest
copying    the approved files -> the copy: only what changed, each file read back
reading    every byte of the copy read again, and what differs
restoring  the copy -> a storage, every byte proven
state      whether the storage, as it is approved now, is backed up
events, jobs   glue; events: backups in the Dagster record
"""

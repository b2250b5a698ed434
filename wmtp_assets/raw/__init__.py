"""The raw files of every row of the catalog: assets, checks, lock, mirror, the watch on upstream.

assets, checks   fetched by `wmtp_assets.hub`, proven against catalog, lock and source
jobs             renew_lock, write_mirror
upstream         what the repositories hold now, observed without fetching
"""

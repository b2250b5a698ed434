"""Which rows Rho-1 scores with the micro models: they need the small set of one dataset."""

from wmtp_assets.datasets.mbpp import MBPP

# Converted in seconds; CodeContests takes minutes.
SCORED_SET, SCORED_SPLIT = MBPP.name, "train"
SCORED_TITLE = MBPP.title
SCORED_KEY = [SCORED_SET, "small"]

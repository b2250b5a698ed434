"""The families of the valid split, one a module, and the twin of a train problem."""

from wmtp_assets.sample.problems.valid.block_mirrors import BLOCK_MIRRORS
from wmtp_assets.sample.problems.valid.cascade import CASCADE
from wmtp_assets.sample.problems.valid.fee_trades import FEE_TRADES
from wmtp_assets.sample.problems.valid.leaper import LEAPER
from wmtp_assets.sample.problems.valid.twin import TWIN_OF_DESKS

FAMILIES = (BLOCK_MIRRORS, CASCADE, LEAPER, FEE_TRADES, TWIN_OF_DESKS)

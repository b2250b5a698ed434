"""The families of the test split, one a module."""

from wmtp_assets.sample.problems.test.factorial_divisor import FACTORIAL_DIVISOR
from wmtp_assets.sample.problems.test.foreign_clock import FOREIGN_CLOCK
from wmtp_assets.sample.problems.test.melting import MELTING
from wmtp_assets.sample.problems.test.word_chain import WORD_CHAIN

FAMILIES = (WORD_CHAIN, FOREIGN_CLOCK, MELTING, FACTORIAL_DIVISOR)

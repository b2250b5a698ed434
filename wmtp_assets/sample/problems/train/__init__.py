"""The families of the train split, one a module."""

from wmtp_assets.sample.problems.train.binary_ones import BINARY_ONES
from wmtp_assets.sample.problems.train.counting_out import COUNTING_OUT
from wmtp_assets.sample.problems.train.desks import DESKS
from wmtp_assets.sample.problems.train.digit_powers import DIGIT_POWERS
from wmtp_assets.sample.problems.train.divisible_pairs import DIVISIBLE_PAIRS
from wmtp_assets.sample.problems.train.equal_neighbours import EQUAL_NEIGHBOURS
from wmtp_assets.sample.problems.train.even_mix import EVEN_MIX
from wmtp_assets.sample.problems.train.few_letters import FEW_LETTERS
from wmtp_assets.sample.problems.train.fewest_coins import FEWEST_COINS
from wmtp_assets.sample.problems.train.grown_together import GROWN_TOGETHER
from wmtp_assets.sample.problems.train.paired_marks import PAIRED_MARKS
from wmtp_assets.sample.problems.train.position_cipher import POSITION_CIPHER
from wmtp_assets.sample.problems.train.remainders import REMAINDERS
from wmtp_assets.sample.problems.train.ring_jumps import RING_JUMPS
from wmtp_assets.sample.problems.train.step_rotations import STEP_ROTATIONS
from wmtp_assets.sample.problems.train.towers import TOWERS

FAMILIES = (
    DIVISIBLE_PAIRS,
    BINARY_ONES,
    FEW_LETTERS,
    POSITION_CIPHER,
    COUNTING_OUT,
    RING_JUMPS,
    EVEN_MIX,
    GROWN_TOGETHER,
    FEWEST_COINS,
    REMAINDERS,
    EQUAL_NEIGHBOURS,
    STEP_ROTATIONS,
    DESKS,
    PAIRED_MARKS,
    DIGIT_POWERS,
    TOWERS,
)

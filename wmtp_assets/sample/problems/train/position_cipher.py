"""A cipher that shifts every letter by a multiple of its position, round the alphabet."""

from wmtp_assets.sample.problems import other_languages
from wmtp_assets.sample.problems.family import AIZU, CODECHEF, CODEFORCES, Family, Story
from wmtp_assets.sample.problems.shapes import Word

POSITION_CIPHER = Family(
    shapes=(Word("s", "abcdefghijklmnopqrstuvwxyz", (6, 14)),),
    tags=("implementation", "strings"),
    input_text="The only line contains the plain word: 1 to 1000 lowercase Latin letters.",
    output_text="Print the enciphered word in lowercase letters.",
    right=(
        """
out_letters = []
for i in range(len(s)):
    shift = $K * (i + 1)
    out_letters.append(chr((ord(s[i]) - 97 + shift) % 26 + 97))
ans = "".join(out_letters)
""",
        """
letters = "abcdefghijklmnopqrstuvwxyz"
ans = ""
shift = 0
for x in s:
    shift += $K
    ans += letters[(letters.index(x) + shift) % 26]
""",
        """
letters = "abcdefghijklmnopqrstuvwxyz" * (2 + $K * (len(s) + 1) // 26)
ans = "".join([letters[letters.find(s[i]) + $K * i + $K] for i in range(len(s))])
""",
    ),
    wrong=(
        """
ans = "".join([chr(ord(s[i]) + $K * (i + 1)) for i in range(len(s))])
""",
        """
letters = "abcdefghijklmnopqrstuvwxyz"
ans = ""
for i in range(len(s)):
    ans += letters[(letters.index(s[i]) + $K * i) % 26]
""",
        """
ans = ""
for x in s:
    ans += chr((ord(x) - 97 + $K) % 26 + 97)
""",
    ),
    others=other_languages.POSITION_CIPHER,
    stories=(
        Story(
            "Marching Letters",
            CODEFORCES,
            7,
            """Messengers of the northern fort hide words by moving letters through the alphabet:
the first letter marches $K places on, the second twice as far, the third three times as far, and
so forth; after z the march goes on with a. Encipher the word they were given.""",
            code="1304_A",
            params={"K": 1},
        ),
        Story(
            "Diary of a Clockmaker",
            CODEFORCES,
            8,
            """A clockmaker protects the headings of his diary. He turns a dial with 26 letters by
$K notches before each letter he writes down and never turns it back, so that the turns add up
from letter to letter. Given a heading, print what stands in the diary.""",
            code="1304_B",
            params={"K": 3},
        ),
        Story(
            "Paper Boats",
            CODECHEF,
            1,
            """Children float paper boats with a letter on each down a circular canal of 26 locks
named a to z. The boat launched as number i drifts exactly i times $K locks before it is caught.
Report at which locks the boats of a given word are fished out, in the order of launching.""",
            params={"K": 5},
        ),
        Story(
            "Carousel Words",
            AIZU,
            0,
            """On a carousel with seats a, b, c, ..., z the riders of a word sit by their letters.
For every rider in turn the carousel first moves $K seats ahead; that rider gets off, and the
platform keeps its new position for the following ones. Which letters do they step off at?""",
            code="p01920",
            params={"K": 11},
        ),
    ),
)

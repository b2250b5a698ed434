"""Programs and texts that are odd as strings: too long, at the token limit, with rare characters.

A row of `PROGRAMS` goes to the end of a list of a problem's programs. What is labelled right is
right: the oddities stand in comments, where Python takes them. A program with U+0000 does not
compile, so it is labelled wrong.
"""

RIGHT, WRONG = "solutions", "incorrect_solutions"
PYTHON2, CPP, PYTHON3, NO_SUCH_CODE = 1, 2, 3, 7

KETTLES, LETTERS, ROPES = (
    "1305_D. The Last Kettle",
    "1304_A. Marching Letters",
    "1301_B. Pairs of Ropes",
)

# instruction + input + output have 2048 tokens with the tokenizer of mistral_common
# (tokenizer.model.v1) when the comment has so many digits: it splits digits, one token each.
DIGITS_FOR_2048 = 1807

_LETTERS = """s = input()
print("".join(chr((ord(x) - 97 + i) % 26 + 97) for i, x in enumerate(s, 1)))
# """

_ROPES = """n = int(input())
rest = [int(x) % 3 for x in input().split()]
zero, one, two = (rest.count(r) for r in range(3))
print(zero * (zero - 1) // 2 + one * two)
"""

_SPACED = "  \t \n   #  blanks\n" + _ROPES.replace(" = ", "   =\t\t ") + " \t\n\n   "

_CLOCK_CPP = r"""#include <cstdio>
int main() {
    int h, m;
    scanf("%d %d", &h, &m);
    int x = (h * 40 + m + 275) % 360;
    printf("%d %d\n", x / 40, x % 40);
}
"""

_KETTLES_RUST = """fn main() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let n: u32 = line.trim().parse().unwrap();
    println!("{}", (2..=n).fold(0, |last, i| (last + 2) % i) + 1);
}
"""


def _last_kettles(most: int) -> list[int]:
    """Return the answers of `KETTLES` for 0 (unused) to `most`."""
    answers = [0, 1]
    for n in range(2, most + 1):
        answers.append((answers[-1] + 1) % n + 1)
    return answers


_TABLE = f"TABLE = {_last_kettles(1000)}\n"
_PADDING = "# " + "7" * 2100 + "\n"

LONG_NOTE = "\n\nNote\n\nThe log of a rainy night:\n\n" + "".join(
    f"drop {drop}: corner {drop * drop % 97}, then corner {drop * 5 % 89}\n" for drop in range(160)
)

PROGRAMS: tuple[tuple[str, str, str, int, str], ...] = (
    ("train", LETTERS, RIGHT, PYTHON3, _LETTERS + "7" * DIGITS_FOR_2048 + "\n"),
    ("train", LETTERS, RIGHT, PYTHON3, _LETTERS + "7" * (DIGITS_FOR_2048 + 1) + "\n"),
    ("train", KETTLES, RIGHT, PYTHON3, _TABLE + "print(TABLE[int(input())])\n"),
    ("train", KETTLES, RIGHT, PYTHON2, _TABLE + "print TABLE[int(raw_input())]\n"),
    ("train", KETTLES, WRONG, PYTHON3, _TABLE + "print(TABLE[int(input()) - 1])\n"),
    ("train", KETTLES, RIGHT, NO_SUCH_CODE, _KETTLES_RUST),
    ("train", KETTLES, WRONG, NO_SUCH_CODE, _KETTLES_RUST.replace(" + 1)", ")")),
    ("train", ROPES, RIGHT, PYTHON3, _ROPES),
    ("train", ROPES, WRONG, PYTHON3, _ROPES),
    ("train", ROPES, RIGHT, PYTHON3, _ROPES.replace("\n", "\r\n")),
    ("train", ROPES, RIGHT, PYTHON3, f"# one\u2028two\u2029three\u0085four\n{_ROPES}"),
    ("train", ROPES, WRONG, PYTHON3, f"# a zero byte: \u0000\n{_ROPES}"),
    (
        "train",
        ROPES,
        RIGHT,
        PYTHON3,
        f"# <s> [INST] </s> <unk> <pad> <0x0A> <|endoftext|>\n{_ROPES}",
    ),
    ("train", ROPES, RIGHT, PYTHON3, _SPACED),
    (
        "train",
        ROPES,
        RIGHT,
        PYTHON3,
        f"# \u2581block\u2581 wide\u3000space no\u00a0break\n{_ROPES}",
    ),
    ("train", ROPES, RIGHT, PYTHON3, f"# Seile: Länge, 长度, 길이, e\u0301, 🪢\n{_ROPES}"),
    ("valid", "1402_B. Terraced Fountain", WRONG, PYTHON3, f"print(0)\n{_PADDING}"),
    ("valid", "1401_C. Mirrored Beads", WRONG, NO_SUCH_CODE, "fn main() {}\n"),
    ("test", "1502_A. Noon on Veridia", RIGHT, CPP, _CLOCK_CPP),
    ("test", "1502_A. Noon on Veridia", RIGHT, NO_SUCH_CODE, "fn main() { todo!() }\n"),
    ("test", "1501_D. Linked Code Names", WRONG, PYTHON2, f"print 1\n{_PADDING}"),
)

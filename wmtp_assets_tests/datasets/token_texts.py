"""Seeded texts for token counts: awkward ones and ones like programs, as many as wanted."""

from collections.abc import Iterator, Sequence
from random import Random

AWKWARD_PARTS = (
    *("", " ", "  ", "   ", " " * 17, "\u2581", " \u2581", "\u2581 ", "\u2581\u2581"),
    *("\n", "\n\n", "\r\n", "\r", "\n ", " \n", "\t", "\t\t", " \t", "\t ", "\v", "\f"),
    *("\u0085", "\u2028", "\u2029", "\u00a0", "\u3000", "\u2009", "\u200a", "\u202f", "\ufeff"),
    *("\u200b", "\u200d", "\u200e", "\u00ad", "\u0000", "\u0001", "\u001f", "\u007f", "\ufffd"),
    *("<s>", "</s>", "<unk>", "<0x0A>", "<0x20>", "<pad>", "<s", "0x0A>", "\u2581<s>", " \u2047 "),
    *("😀", "👩\u200d💻", "🇰🇷", "\U0010ffff", "e\u0301", "\u0301", "ñ", "n\u0303", "é", "ß", "ſ"),
    *("한국어", "日本", "العربية", "привет", "ὁδός", "हिन्दी", "一个"),
    *("²", "²,", "½", "٣", "”", "…", "«", "\u2020", "ﬁ", "Ⅳ", "①", "\ue000", "\U000e0001"),
    *("a", "I", "the", "self", "return", "antidisestablishmentarianism", "x" * 70, "ab" * 40),
    *("0", "1000000007", "3.14", "1e9+7", ".", ",", ";\r", '"', "'s", "()", "():", "__", "{}"),
    *("#", "//", "/**", "*/", "->", "==", "!=", "\\n", "\\", "$", "%d", "@", "`", "─├", "═"),
)
NAMES = ("n", "i", "j", "ans", "input", "range", "print", "dp", "MOD", "collections", "heappush")
LINES = (
    "{a} = int({b}())",
    "for {a} in range({d}, {b} + 1):",
    "    {a}[{b}][{d}] += {a} * {d} % {b}",
    "        if {a} != {b} and not {a}:",
    "\t{a}, {b} = map(int, input().split())",
    'print("{a}: %d" % {b}, end=" ")',
    "# {a} {b} {d}",
    "def {a}_{b}({a}, *{b}):  ",
    "    return [{a} for {a} in {b} if {a}<={d}]",
    "{a}=lambda {b}:{b}//{d}",
    "",
    "    ",
)


def awkward_texts(
    seed: str, count: int, parts: Sequence[str] = AWKWARD_PARTS, most: int = 10
) -> Iterator[str]:
    """Texts of up to `most` parts each, in any order."""
    rng = Random(seed)
    for _ in range(count):
        yield "".join(rng.choices(parts, k=rng.randint(0, most)))


def code_texts(seed: str, count: int) -> Iterator[str]:
    """Short programs; one in four has awkward parts in it, line ends vary."""
    rng = Random(seed)
    for awkward in awkward_texts(seed, count):
        end = rng.choice(("\n", "\n", "\n", "\r\n", "\r"))
        lines = []
        for form in rng.choices(LINES, k=rng.randint(1, 6)):
            a, b = rng.choices(NAMES, k=2)
            lines.append(form.format(a=a, b=b, d=rng.choice((0, 2, rng.randint(0, 10**9)))))
        if rng.random() < 0.25:
            lines.insert(rng.randint(0, len(lines)), awkward)
        yield end.join(lines) + rng.choice(("", end, " ", end + "  "))

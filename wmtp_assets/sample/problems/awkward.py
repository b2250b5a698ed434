"""The rows that break a careless converter, as tables of edits on the built rows.

Every kind is one that the published data has or may have: texts that line readers, tokenizers or
JSON writers treat specially, tests with a side missing, limits that are null, programs in other
languages, under unknown language codes or too long for the token filter. `edit_rows` applies all
tables in place; a name that no row has is a KeyError.
"""

from wmtp_assets.sample.problems import odd_programs
from wmtp_assets.sample.problems.build import Row

TRAIN, VALID, TEST = "train", "valid", "test"
EMPTY_TESTS = {"input": [], "output": []}

# Columns that get another value.
COLUMNS: dict[tuple[str, str], Row] = {
    (TRAIN, "fence-repairs"): {"time_limit": None},
    (TRAIN, "p02701 AtCoder Beginner Contest - Stamps of Ostrava"): {"time_limit": None},
    (VALID, "rice-paddies"): {"time_limit": None},
    (TEST, "tide-table"): {"time_limit": None},
    (TRAIN, "p02611 Quartets of Coins"): {
        "is_description_translated": True,
        "untranslated_description": "硬貨の重さの合計が 4 で割り切れる組はいくつあるか。\n入力\n…",
    },
    (TRAIN, "whistle-signals"): {
        "input_file": "whistle.in",
        "output_file": "whistle.out",
        "solutions": {"language": [], "solution": []},
        "incorrect_solutions": {"language": [], "solution": []},
    },
}

NO_PUBLIC_TESTS = (
    (TRAIN, "tram-inspector"),
    (TRAIN, "p02317 Stepping Stones"),
    (VALID, "p03105 Symmetric Hedges"),
    (TEST, "p02400 Syllable Garlands"),
)
NO_TESTS_AT_ALL = ((TRAIN, "p03101 AtCoder Beginner Contest - Light Parcels"),)

# The public test of that index loses that side: to "" or, for None, by a list that ends earlier.
ONE_SIDED_TESTS = (
    (TRAIN, "1304_B. Diary of a Clockmaker", 0, "output", ""),
    (TRAIN, "1306_C. Postman on the Wall", 1, "output", None),
    (TRAIN, "free-desks", 0, "input", ""),
    (TRAIN, "grill-party", 0, "output", None),
    (VALID, "1403_F. Grasshopper Chess", 1, "output", ""),
    (TEST, "1503_H. Bell Founders", 0, "input", ""),
)

# The first occurrence of a text becomes another one; None stands for the end of the description.
DESCRIPTIONS: tuple[tuple[str, str, str | None, str], ...] = (
    (TRAIN, "1316_R. The Cubic Oracle", "patient king", "naïve king, Łukasz Åkerö of Čáslav,"),
    (TRAIN, "p02611 Quartets of Coins", "A numismatist", "古銭の問題（こせん）。 A numismatist"),
    (TRAIN, "1312_A. Cosy Penguins", "Penguins", "Penguins 🐧👩‍👩‍👧🏽"),
    (
        TRAIN,
        "1317_Q. Rising Skyline",
        "A painter",
        "Rene\u0301 Mu\u0308ller, a \u1112\u1161\u11ab painter,",
    ),
    (VALID, "1404_J. Saffron Broker", "Broker Leila", "Broker Leïla (ليلى)"),
    (TEST, "1501_D. Linked Code Names", "Agents", "Agents (тайные агенты 🕵️)"),
    (TRAIN, "1307_D. Two Lit Windows", " Ships far away", "\u2028Ships far\u00a0away"),
    (TRAIN, "1307_D. Two Lit Windows", " find how many", "\u0085find\u2029how many"),
    (TRAIN, "1311_K. Hands of the Dial", "A spy", "A\u0000spy"),
    (TRAIN, "1315_C. Gloves in a Drawer", "Pairs of gloves", "<s>Pairs</s> of <unk> gloves<0x0A>"),
    (TEST, "1504_E. Rows of Three", "Multiply", "<s> Multiply"),
    (TRAIN, "1310_H. Planks for a Pier", "A pier", "  \t A pier"),
    (TRAIN, "1310_H. Planks for a Pier", " The sawmill", "     The sawmill\t\t"),
    (TRAIN, "1310_H. Planks for a Pier", None, " \t \n\n   "),
    (TRAIN, "p00711 Stone Mosaic", "A mosaic", "<image>\n\nA mosaic"),
    (TRAIN, "p00977 Dripping Gutters", None, odd_programs.LONG_NOTE),
)

CRLF_DESCRIPTIONS = ((TRAIN, "1308_D. Odd Neighbours"), (TEST, "1502_A. Noon on Veridia"))

# Only programs that are not Python stay.
NO_PYTHON = ((TRAIN, "louder-and-louder"),)


def edit_rows(splits: dict[str, list[Row]]) -> None:
    """Apply every table to the rows, in place.

    Args:
        splits: The rows of each split, as `build.build_row` made them.

    Raises:
        KeyError: A table names a row that the split does not have.
    """
    rows = {(split, row["name"]): row for split, part in splits.items() for row in part}
    for place, columns in COLUMNS.items():
        rows[place].update(columns)
    for place in NO_PUBLIC_TESTS + NO_TESTS_AT_ALL:
        row = rows[place]
        row["public_tests"] = EMPTY_TESTS
        row["description"] = row["description"].partition("\n\nExamples")[0]
    for place in NO_TESTS_AT_ALL:
        rows[place].update(private_tests=EMPTY_TESTS, generated_tests=EMPTY_TESTS)
    for split, name, index, side, text in ONE_SIDED_TESTS:
        column = rows[split, name]["public_tests"][side]
        column[index:] = [] if text is None else [text, *column[index + 1 :]]
    for split, name, old, new in DESCRIPTIONS:
        text = rows[split, name]["description"]
        if old is not None and old not in text:
            raise KeyError(f"{name}: no {old!r} in the description")
        rows[split, name]["description"] = text + new if old is None else text.replace(old, new, 1)
    for place in CRLF_DESCRIPTIONS:
        rows[place]["description"] = rows[place]["description"].replace("\n", "\r\n")
    for place in NO_PYTHON:
        for label in ("solutions", "incorrect_solutions"):
            _keep_languages(rows[place][label], {0, 2, 4})
    for split, name, label, language, text in odd_programs.PROGRAMS:
        rows[split, name][label]["language"].append(language)
        rows[split, name][label]["solution"].append(text)


def _keep_languages(programs: dict[str, list], languages: set[int]) -> None:
    kept = [
        pair
        for pair in zip(programs["language"], programs["solution"], strict=True)
        if pair[0] in languages
    ]
    programs["language"] = [language for language, _ in kept]
    programs["solution"] = [text for _, text in kept]

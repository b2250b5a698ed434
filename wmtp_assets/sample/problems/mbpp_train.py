"""The train rows of the MBPP sample: (task id, text, code, tests), written for it."""

MbppRow = tuple[int, str, str, tuple[str, ...]]

TRAIN: tuple[MbppRow, ...] = (
    (
        601,
        "Write a function to count the vowels of a string, upper and lower case alike.",
        "def count_vowels(text):\n\treturn sum(c in 'aeiou' for c in text.lower())",
        (
            "assert count_vowels('Umbrella') == 3",
            "assert count_vowels('rhythm') == 0",
            "assert count_vowels('') == 0",
        ),
    ),
    (
        602,
        "Write a function to find the second largest distinct number of a list, or None.",
        "def second_largest(nums):\n\tkinds = sorted(set(nums))\n"
        "\treturn kinds[-2] if len(kinds) > 1 else None",
        (
            "assert second_largest([4, 9, 9, 7]) == 7",
            "assert second_largest([5, 5]) is None",
            "assert second_largest([-1, -2, -3]) == -2",
        ),
    ),
    (
        603,
        "Write a python function to interleave two lists of equal length.",
        "def interleave(a, b):\n\tmixed = []\n\tfor x, y in zip(a, b):\n"
        "\t\tmixed += [x, y]\n\treturn mixed",
        (
            "assert interleave([1, 3], [2, 4]) == [1, 2, 3, 4]",
            "assert interleave([], []) == []",
            "assert interleave(['a'], [0]) == ['a', 0]",
        ),
    ),
    (
        604,
        "Write a function to check whether brackets of three kinds are balanced.",
        "def balanced(text):\n\tpartner = {')': '(', ']': '[', '}': '{'}\n\topen_ones = []\n"
        "\tfor c in text:\n\t\tif c in '([{':\n\t\t\topen_ones.append(c)\n"
        "\t\telif c in partner:\n\t\t\tif not open_ones or open_ones.pop() != partner[c]:\n"
        "\t\t\t\treturn False\n\treturn not open_ones",
        (
            "assert balanced('{[()]}') == True",
            "assert balanced('([)]') == False",
            "assert balanced('((') == False",
        ),
    ),
    (
        605,
        "Write a function to convert a number of seconds to the form h:mm:ss.",
        "def clock(seconds):\n\treturn '%d:%02d:%02d' % "
        "(seconds // 3600, seconds // 60 % 60, seconds % 60)",
        (
            "assert clock(3661) == '1:01:01'",
            "assert clock(59) == '0:00:59'",
            "assert clock(36000) == '10:00:00'",
        ),
    ),
    (
        606,
        "Write a function to collapse runs of equal neighbours into one element.",
        "from itertools import groupby\ndef collapse(items):\n"
        "\treturn [key for key, _ in groupby(items)]",
        (
            "assert collapse([1, 1, 2, 1, 1]) == [1, 2, 1]",
            "assert collapse('aab') == ['a', 'b']",
            "assert collapse([]) == []",
        ),
    ),
    (
        607,
        "Write a python function to sum the main diagonal of a square matrix.",
        "def trace(matrix):\n\treturn sum(row[i] for i, row in enumerate(matrix))",
        (
            "assert trace([[1, 2], [3, 4]]) == 5",
            "assert trace([[7]]) == 7",
            "assert trace([]) == 0",
        ),
    ),
    (
        608,
        "Write a function to find the length of the longest word of a sentence.",
        "def longest_word(sentence):\n\treturn max((len(w) for w in sentence.split()), default=0)",
        (
            "assert longest_word('the quick fox') == 5",
            "assert longest_word('   ') == 0",
            "assert longest_word('naïve café') == 5",
        ),
    ),
    (
        609,
        "Write a function to rotate a list to the right by a given number of places.",
        "def rotate_right(items, places):\n\tif not items:\n\t\treturn []\n"
        "\tplaces %= len(items)\n\treturn items[-places:] + items[:-places]",
        (
            "assert rotate_right([1, 2, 3, 4], 1) == [4, 1, 2, 3]",
            "assert rotate_right([1, 2], 4) == [1, 2]",
            "assert rotate_right([], 3) == []",
        ),
    ),
    (
        610,
        "Write a python function to compute the digital root of a non-negative integer.",
        "def digital_root(n):\n\treturn 0 if n == 0 else 1 + (n - 1) % 9",
        (
            "assert digital_root(942) == 6",
            "assert digital_root(0) == 0",
            "assert digital_root(18) == 9",
        ),
    ),
    (
        611,
        "Write a function to group words by their first letter, keeping their order.",
        "def by_initial(words):\n\tgroups = {}\n\tfor word in words:\n"
        "\t\tgroups.setdefault(word[0], []).append(word)\n\treturn groups",
        (
            "assert by_initial(['oak', 'elm', 'olive']) == {'o': ['oak', 'olive'], 'e': ['elm']}",
            "assert by_initial([]) == {}",
            "assert by_initial(['x']) == {'x': ['x']}",
        ),
    ),
    (
        612,
        "Write a function to find the smallest multiple of a that is not less than b.",
        "def next_multiple(a, b):\n\treturn -(-b // a) * a",
        (
            "assert next_multiple(7, 20) == 21",
            "assert next_multiple(5, 25) == 25",
            "assert next_multiple(3, -4) == -3",
        ),
    ),
    (
        613,
        "Write a python function to check whether a year is a leap year.",
        "def is_leap(year):\n\treturn year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)",
        (
            "assert is_leap(2024) == True",
            "assert is_leap(1900) == False",
            "assert is_leap(2000) == True",
        ),
    ),
    (
        614,
        "Write a function to list the divisors of a positive integer in ascending order.",
        "def divisors(n):\n\treturn [d for d in range(1, n + 1) if n % d == 0]",
        (
            "assert divisors(12) == [1, 2, 3, 4, 6, 12]",
            "assert divisors(1) == [1]",
            "assert divisors(13) == [1, 13]",
        ),
    ),
    (
        615,
        "Write a function to compute the hypotenuse of a right triangle, rounded to two places.",
        "def hypotenuse(a, b):\n\treturn round(math.sqrt(a * a + b * b), 2)",
        (
            "assert hypotenuse(3, 4) == 5.0",
            "assert hypotenuse(1, 1) == 1.41",
            "assert math.isclose(hypotenuse(2, 3), 3.61)",
        ),
    ),
    (
        616,
        "Write a python function to swap the case of every other letter, the first included.",
        "def swap_every_other(text):\n"
        "\treturn ''.join(c.swapcase() if i % 2 == 0 else c for i, c in enumerate(text))",
        (
            "assert swap_every_other('abcd') == 'AbCd'",
            "assert swap_every_other('XY') == 'xY'",
            "assert swap_every_other('') == ''",
        ),
    ),
)

"""The test rows of the MBPP sample: (task id, text, code, tests)."""

from wmtp_assets.sample.problems.mbpp_train import MbppRow

TEST: tuple[MbppRow, ...] = (
    (
        11,
        "Write a function to remove all digits from a string.",
        "def drop_digits(text):\n\treturn ''.join(c for c in text if not c.isdigit())",
        (
            "assert drop_digits('a1b22') == 'ab'",
            "assert drop_digits('2024') == ''",
            "assert drop_digits('no digits') == 'no digits'",
        ),
    ),
    (
        12,
        "Write a function to sort pairs by their second component in descending order.",
        "def sort_pairs(pairs):\n\treturn sorted(pairs, key=lambda p: p[1], reverse=True)",
        (
            "assert sort_pairs([(1, 2), (0, 9)]) == [(0, 9), (1, 2)]",
            "assert sort_pairs([]) == []",
            "assert sort_pairs([('a', 1), ('b', 1)]) == [('a', 1), ('b', 1)]",
        ),
    ),
    (
        13,
        "Write a python function to find the greatest common divisor of a list of integers.",
        "from functools import reduce\nfrom math import gcd\ndef list_gcd(nums):\n"
        "\treturn reduce(gcd, nums)",
        (
            "assert list_gcd([12, 18, 30]) == 6",
            "assert list_gcd([7]) == 7",
            "assert list_gcd([5, 9]) == 1",
        ),
    ),
    (
        14,
        "Write a function to transpose a rectangular matrix.",
        "def transpose(matrix):\n\treturn [list(column) for column in zip(*matrix)]",
        (
            "assert transpose([[1, 2, 3], [4, 5, 6]]) == [[1, 4], [2, 5], [3, 6]]",
            "assert transpose([[1]]) == [[1]]",
            "assert transpose([]) == []",
        ),
    ),
    (
        15,
        "Write a function to encode a string by run lengths, such as 3a1b.",
        "def run_lengths(text):\n\tout = ''\n\ti = 0\n\twhile i < len(text):\n\t\tj = i\n"
        "\t\twhile j < len(text) and text[j] == text[i]:\n\t\t\tj += 1\n"
        "\t\tout += str(j - i) + text[i]\n\t\ti = j\n\treturn out",
        (
            "assert run_lengths('aaab') == '3a1b'",
            "assert run_lengths('') == ''",
            "assert run_lengths('zzzz') == '4z'",
        ),
    ),
    (
        16,
        "Write a python function to count how often a number can be halved without a remainder.",
        "def halvings(n):\n\tcount = 0\n\twhile n % 2 == 0:\n\t\tn //= 2\n\t\tcount += 1\n"
        "\treturn count",
        (
            "assert halvings(40) == 3",
            "assert halvings(7) == 0",
            "assert halvings(1024) == 10",
        ),
    ),
    (
        17,
        "Write a function to find the median of a non-empty list of numbers.",
        "def median(nums):\n\tnums = sorted(nums)\n\tmid = len(nums) // 2\n"
        "\tif len(nums) % 2:\n\t\treturn nums[mid]\n\treturn (nums[mid - 1] + nums[mid]) / 2",
        (
            "assert median([5, 1, 3]) == 3",
            "assert median([4, 1, 3, 2]) == 2.5",
            "assert median([8]) == 8",
        ),
    ),
    (
        18,
        "Write a function to turn a snake_case name into camelCase.",
        "def to_camel(name):\n\tfirst, *rest = name.split('_')\n"
        "\treturn first + ''.join(word.capitalize() for word in rest)",
        (
            "assert to_camel('line_count_max') == 'lineCountMax'",
            "assert to_camel('plain') == 'plain'",
            "assert to_camel('a_b') == 'aB'",
        ),
    ),
    (
        19,
        "Write a function to list the Fibonacci numbers below a limit, starting with 0 and 1.",
        "def fibonacci_below(limit):\n\ta, b = 0, 1\n\tout = []\n\twhile a < limit:\n"
        "\t\tout.append(a)\n\t\ta, b = b, a + b\n\treturn out",
        (
            "assert fibonacci_below(10) == [0, 1, 1, 2, 3, 5, 8]",
            "assert fibonacci_below(1) == [0]",
            "assert fibonacci_below(0) == []",
        ),
    ),
    (
        20,
        "Write a python function to check that all characters of a string are different.",
        "def all_different(text):\n\treturn len(set(text)) == len(text)",
        (
            "assert all_different('world') == True",
            "assert all_different('hello') == False",
            "assert all_different('') == True",
        ),
    ),
)

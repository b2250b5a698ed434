"""The validation and prompt rows of the MBPP sample: (task id, text, code, tests)."""

from wmtp_assets.sample.problems.mbpp_train import MbppRow

VALIDATION: tuple[MbppRow, ...] = (
    (
        511,
        "Write a function to merge two dictionaries, adding the numbers of common keys.",
        "def merge_sum(a, b):\n\treturn {k: a.get(k, 0) + b.get(k, 0) for k in {**a, **b}}",
        (
            "assert merge_sum({'x': 1}, {'x': 2, 'y': 5}) == {'x': 3, 'y': 5}",
            "assert merge_sum({}, {}) == {}",
            "assert merge_sum({'a': 0}, {}) == {'a': 0}",
        ),
    ),
    (
        512,
        "Write a python function to decide whether two words are anagrams of each other.",
        "def anagrams(a, b):\n\treturn sorted(a) == sorted(b)",
        (
            "assert anagrams('listen', 'silent') == True",
            "assert anagrams('aab', 'abb') == False",
            "assert anagrams('', '') == True",
        ),
    ),
    (
        513,
        "Write a function to cut a list into chunks of at most k elements.",
        "def chunks(items, k):\n\treturn [items[i:i + k] for i in range(0, len(items), k)]",
        (
            "assert chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]",
            "assert chunks([], 3) == []",
            "assert chunks([1], 9) == [[1]]",
        ),
    ),
    (
        514,
        "Write a function to give the binary form of an integer without leading zeros.",
        "def to_binary(n):\n\treturn format(n, 'b')",
        (
            "assert to_binary(10) == '1010'",
            "assert to_binary(0) == '0'",
            "assert to_binary(255) == '11111111'",
        ),
    ),
    (
        515,
        "Write a function to find the index of the first repeated element, or -1.",
        "def first_repeat(items):\n\tseen = set()\n\tfor i, x in enumerate(items):\n"
        "\t\tif x in seen:\n\t\t\treturn i\n\t\tseen.add(x)\n\treturn -1",
        (
            "assert first_repeat([3, 1, 3, 1]) == 2",
            "assert first_repeat('abc') == -1",
            "assert first_repeat([]) == -1",
        ),
    ),
    (
        516,
        "Write a python function to compute the area of a circle with the given radius.",
        "def circle_area(r):\n\treturn math.pi * r ** 2",
        (
            "assert math.isclose(circle_area(1), math.pi)",
            "assert circle_area(0) == 0",
            "assert round(circle_area(2), 3) == 12.566",
        ),
    ),
)

PROMPT: tuple[MbppRow, ...] = (
    (
        2,
        "Write a function to compute the product of all elements of a list.",
        "def product(nums):\n\tout = 1\n\tfor x in nums:\n\t\tout *= x\n\treturn out",
        (
            "assert product([2, 3, 4]) == 24",
            "assert product([]) == 1",
            "assert product([5, 0]) == 0",
        ),
    ),
    (
        3,
        "Write a python function to repeat each character of a string twice.",
        "def double_letters(text):\n\treturn ''.join(c * 2 for c in text)",
        (
            "assert double_letters('ab') == 'aabb'",
            "assert double_letters('') == ''",
            "assert double_letters('!') == '!!'",
        ),
    ),
    (
        4,
        "Write a function to find the common elements of two lists in ascending order.",
        "def common(a, b):\n\treturn sorted(set(a) & set(b))",
        (
            "assert common([3, 1, 2], [2, 3, 9]) == [2, 3]",
            "assert common([], [1]) == []",
            "assert common([4, 4], [4]) == [4]",
        ),
    ),
)

"""The problems of the embedded sample, written for it: families of programs under many stories.

    shapes    the parts of an input: drawn, printed, read back by a program
    styles    one body becomes many programs: names, reading, wrapping, Python 2 or 3
    family    what problems share, and the story that makes one of them
    build     story + family -> one row of the published schema, answers by the first right body
    train/, valid/, test/   the families as data; only `valid.twin` shares one with train
    other_languages         C++, Java and unlabelled programs for some families
    awkward, odd_programs   the rows that break a careless converter, as tables of edits
    mbpp_train, mbpp_held_out, mbpp_test   the tasks of the MBPP sample

Nothing here promises good problems: it promises labels that are true and rows that are awkward.
The one false label is planted, a program that stands in both lists of its problem.
"""

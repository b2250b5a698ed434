"""The stored datasets: whatever differs from one to the other, a module each.

    row        what such a module states: its row of the catalog, format, reader, words
    rows       all of them, by name, in the order that everything else keeps
    formats    the types of fields, the reasons to drop a row
    field_types   these types walked, and values held against them
    facts      the words of a dataset's card
    problem    what a reader makes of a published row, and how it takes values out of one
    languages  programs of several languages: which are kept
    invalid_text   published text that is not UTF-8: named, counted, dropped
    convert    parquet -> token-filtered JSONL and line metadata
    assets, checks   of the splits, once for all rows
    stored_dataset   what the checks of a dataset are given
    schema, small, stats   what describes a dataset, what samples it, its numbers

Assets, checks, jobs, folders and steps of the plan follow from the rows: to add a dataset is to
write its module and to name it in `rows`.
"""

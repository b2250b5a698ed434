"""Numbers and plots of each dataset, and what its splits and the benchmarks have in common.

summary      line metadata of the splits -> YYYY-MM-DD_summary.json
tables       tallies of the splits -> pandas tables: lengths, quantiles, difficulty, labels
plots        the same counts -> pictures beside it
sketches     the same once more, small enough for Dagster's page to show them at once
texts        the JSONL as records and words
range_facts  a range of a JSONL -> what it adds to everything below, in one look
split_pass   the ranges of all splits -> counts, texts, matches
split_overlap      texts of the splits -> problems that two of them share, nearly or exactly
ngram_search       texts of benchmarks -> which of them a training set contains
ngram_index  n-grams by their hash
benchmark_leakage  benchmarks in a training set
inspection   a stored summary and its splits: which propositions hold
inputs       which stored files the statistics of a dataset are about
"""

"""Numbers and plots of each dataset, and what its splits and the benchmarks have in common.

summary      line metadata of the splits -> YYYY-MM-DD_summary.json
plots        the same counts -> pictures beside it
texts        the JSONL as records and words
label_conflicts    records -> solutions that have both labels
recount      records -> the counts of the summary, anew
split_overlap      texts of the splits -> problems that two of them share, nearly or exactly
ngram_search       texts of benchmarks -> which of them a training set contains
benchmark_leakage  benchmarks in a training set
inspection   a stored summary and its splits: which propositions hold
inputs       which stored files the statistics of a dataset are about
"""

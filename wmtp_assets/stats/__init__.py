"""Numbers and plots of each dataset, and what its splits have in common.

summary     line metadata of the splits -> YYYY-MM-DD_summary.json
plots       the same counts -> pictures beside it
overlap     texts of the splits -> problems that two of them share, nearly or exactly
inspection  the JSONL read again: which propositions hold
"""

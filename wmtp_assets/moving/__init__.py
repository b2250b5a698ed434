"""A storage that was moved to another root keeps its record, once a run has recorded the move.

compare   what is in the way: the old one is still there, a byte differs, another was made here
jobs      glue: job record_move, and what it writes into the record
"""

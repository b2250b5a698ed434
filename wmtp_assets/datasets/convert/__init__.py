"""Raw parquet -> token-filtered JSONL and line metadata, and what proves them.

    inputs         which raw files and which tokenizer a split is made from
    parquet        rows of a published file, its columns proven
    read_problems  a published file -> problems with their candidate solutions
    names          the name that each problem is written under
    tokens         exact token counts, and the length filter
    vocabulary, chunk_counts   where a text may be cut; counts of its parts, encoded once
    independent_counts   counts by another implementation, for the checks
    tokenizer_json  the vocabulary in the form that it reads
    tally          counts of what was read, kept and dropped
    label_conflicts   solutions that have both labels below one prompt, counted
    units          row-group ranges -> parts of a split
    pool, cluster  units side by side, in processes or on Dask; their results handed back in order
    dask_client    calls to the workers of a Dask scheduler
    split          parts -> <split>.jsonl, then <split>_metadata.json
    records, line_metadata   the two files as text: written, read back, proven
    line_blocks, line_ranges   a JSONL divided at line ends: read here and handed on, or read there
    range_pass     any function of a range over those of a file, in processes
    range_inspection, block_inspection   some lines read again; those of a file, in processes
    alignment      line metadata regenerated and compared with the stored one
    inspection     a stored split read again: which propositions hold
    accounting     the counts of a split against the published files
    culprits       findings over millions of rows

Nothing here knows Dagster.
"""

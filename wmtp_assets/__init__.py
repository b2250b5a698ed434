"""WMTP Phase 1 storage as a Dagster asset graph.

The data flows
  hub      upstream repository -> raw files, proven and locked
  weights  raw checkpoint      -> float16 safetensors, configs, tokenizer, metadata
  micro    stored model        -> test model for a laptop
  corpora  raw parquet         -> token-filtered JSONL, line metadata, schema, small set
  stats    JSONL               -> numbers, plots, findings across splits
  signoff  the Dagster record  -> checklist, reports, approval
"""

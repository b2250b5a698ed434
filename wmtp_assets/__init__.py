"""WMTP Phase 1 storage as a Dagster asset graph.

The data flows
  hub, raw   upstream repository -> raw files, proven and locked
  models     raw checkpoint      -> float16 safetensors, configs, tokenizer, metadata; micro models
  datasets   raw parquet         -> token-filtered JSONL, schema, small sets, statistics
  evidence   the Dagster record  -> what each check is worth now
  documents, approval, backup    -> checklist and reports, decisions, copies
  training_view                  -> the folder that training code opens
"""

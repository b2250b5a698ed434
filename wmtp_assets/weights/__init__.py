"""Raw checkpoints -> float16 safetensors, configs, tokenizer folders and metadata.json."""

"""What describes a processed dataset to people and programs: schema.json, card, croissant.json."""

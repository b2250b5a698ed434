"""Small sets for a laptop: a stable, stratified sample of each split, with its line metadata."""

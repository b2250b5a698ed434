"""What the stored models have in common."""

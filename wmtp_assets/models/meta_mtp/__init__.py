"""The stored Meta multi-token model."""

"""The stored Sheared-LLaMA reference model."""

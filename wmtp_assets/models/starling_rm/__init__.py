"""The stored Starling reward model, optional."""

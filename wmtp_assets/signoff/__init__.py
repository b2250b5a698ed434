"""The command of a reviewer: status, approve, moved, verify, restore."""

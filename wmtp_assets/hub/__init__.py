"""Raw downloads: upstream repository -> proven files under raw/, and the lock of what they were."""

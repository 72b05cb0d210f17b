"""From a pulled batch to a landed unit: admission by gate 1, one rename, quarantine, corrections."""

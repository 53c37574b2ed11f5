"""Steps by which a version leaves: release, verify, rebuild."""

"""Steps for who runs a project: users, sign-in, backup, doctor."""

"""Who may do what, and the log of who did what. A module is a record."""

"""What every page stands in: the guard, the session, words, work under way. No page of its own."""

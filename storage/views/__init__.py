"""Records joined for reading: current labels, queues, agreement. Read-only."""

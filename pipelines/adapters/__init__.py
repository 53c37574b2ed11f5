"""One module for each outside system; foreign errors become ours here."""

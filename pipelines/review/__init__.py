"""Steps around people: plan a spot-check, send rows, route to boards, pull and take in answers."""

"""What people are asked and what they said: plans, reviews, comparisons, one reviewer's desk. A module is a record."""

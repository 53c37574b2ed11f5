"""What left: versions, preference pairs, training runs, evaluation reports. A module is a record."""

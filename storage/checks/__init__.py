"""What checks left: findings and their scores, cluster runs, figures of a state. A module is a record."""

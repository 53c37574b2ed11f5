"""What every step stands on: settings, files read, jobs, progress, permission to act."""

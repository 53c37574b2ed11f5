"""The store as a file: a path under one lock, migrations, copies.

Nothing else opens the file (decision 3).
"""

"""What is said of a record: invariants, figures, the verdict."""

"""The weekend while it runs: who acts, what goes wrong, what the connector may do."""

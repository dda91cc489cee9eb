"""From a scenario to a report, step by step."""

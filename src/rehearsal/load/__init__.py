"""Driving a scenario in step with the wall clock, with Locust."""

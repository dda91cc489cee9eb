"""The processes of the native target."""

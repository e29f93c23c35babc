"""The tests mirror the rooms; a test's name is the rule it proves."""

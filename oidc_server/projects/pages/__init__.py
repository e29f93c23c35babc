"""The pages of projects, among a person's own pages."""

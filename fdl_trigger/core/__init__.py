"""What one may ask for: every use case and every permission check, once, for all dialects."""

"""What Distilera keeps: SQL and nothing else, one module a table."""

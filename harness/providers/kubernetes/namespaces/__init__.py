"""One namespace for each environment: made, kept, and removed."""

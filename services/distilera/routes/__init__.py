"""What Distilera answers: REST routes, one module a resource."""

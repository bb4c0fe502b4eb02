"""The documentation for people: pages, and what makes the OpenAPI documents on them good to try."""

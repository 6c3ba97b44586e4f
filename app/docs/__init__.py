"""What describes the service: the OpenAPI document, the pages, the problem types."""

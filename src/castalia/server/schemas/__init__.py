"""Request bodies: strict about known fields, so that the OpenAPI document is true."""

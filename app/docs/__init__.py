"""The interactive documentation: Swagger UI, served by us, under a strict content security policy."""

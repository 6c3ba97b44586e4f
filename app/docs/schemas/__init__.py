"""The schemas of the OpenAPI document. Generated clients decide their form: see form.py."""

"""One module for each resource: read the request, call one function of the database, answer."""

"""How the service is served: uvicorn, its workers and its protocol."""

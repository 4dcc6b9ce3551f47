"""A stand-in of Exact Online's REST API: OAuth, the OData dialect, the purchasing documents and webhooks."""

"""Requests and replies of the gateway: XML, values, errors, queries."""

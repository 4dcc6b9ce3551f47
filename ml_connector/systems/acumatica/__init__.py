"""Acumatica: the contract-based REST API of one tenant (fact sheet: acumatica)."""

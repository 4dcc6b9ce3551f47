"""Remittance advices in: what an 820 says was paid, against bills."""

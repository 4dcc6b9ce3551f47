"""Exact Online: its OData dialect, its records, and the ERP port over them.

`erp.ExactErp` is what flows see; `client.ExactClient` the dialect; `webhooks`, `division` and the modules by
entity the rest. "exact-online n" in comments means a section of the project's fact sheet.
"""

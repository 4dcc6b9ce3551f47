"""What every ERP and every network must do, run over each registered system with its stand-in.

A new system writes a harness (`erp_harness`, `mailbox_harness`), names it in the list there, and passes. A case is
skipped only for what the system does not say it has; `pytest -rs` prints which.
"""

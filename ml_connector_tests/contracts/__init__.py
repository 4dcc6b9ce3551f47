"""What every ERP and every network must do, run over each registered system with its stand-in.

A new system writes a harness (`erp_harness`, `mailbox_harness`), names it in the list there, and passes. Cases are made
for each source, target and table that a system declares; one is skipped only for what these do not do, and
`pytest -rs` prints which.
"""

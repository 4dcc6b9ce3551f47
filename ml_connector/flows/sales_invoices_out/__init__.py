"""Sales invoices out: released invoices and credit memos of the ERP leave as 810."""

"""A stand-in of the Sage Intacct XML gateway (Web Services, dtdversion 3.0) on loopback.

It follows the fact sheet (sage-intacct, sections 1 to 9); what nobody has found out (section 11) is an option with the
default that finds more faults in a client. Not there: asynchronous requests (policyid), OAuth, allocation, tax
solutions, currencies other than by code, stock on hand, receivables, contracts, the older payment requests, 1099 forms,
custom fields and
subtotals (taken and not kept), custom objects, views and reports. Texts of refusals that the sheet does not have
are made up.

Signs: the lines of an adjustment (APADJUSTMENT) that are below zero take from what is owed to the vendor.
"""

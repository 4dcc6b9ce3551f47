"""A stand-in of Acumatica's contract-based REST API (endpoint Default) on loopback.

It follows the fact sheet (acumatica, sections 1 to 10); what nobody has found out is an option with the default that
finds more faults in a client. Not there: DAC and GI OData, the screen-based API, custom endpoints, webhooks, push
notifications, the implicit and hybrid flows, signed client assertions, version 25.200.001; entities beyond those of
purchasing, sales and what they refer to (Payment, Check, JournalTransaction, InventoryReceipt, Project ... are 404);
stock on hand and general-ledger postings; prices beyond the item's own; discounts by code; currencies other than by
code; retainage, landed cost, drop-shipping, returns to vendors, corrections of receipts; the length of text fields.
Actions that only these would need (ReleaseRetainage, SalesOrderCreateReceipt, AutoRecalculateDiscounts, UpdateIN,
RecalculatePricesDiscounts, CreateContactFrom..., UpdateStandardCost...) are taken with 204 and change nothing.
Texts of refusals that the sheet does not have are made up.
"""

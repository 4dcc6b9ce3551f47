"""Items, charges and further accounts of the seeded company."""

# Code, description, unit, price, supplier, the supplier's own code, account of its costs, group.
STOCK_ITEMS: list[tuple[str, str, str, str, str, str, str, str]] = [
    ("VW-1001", "Relay 24 V", "pc", "12.50", "20011", "NW-R24", "4000", "COMP"),
    ("VW-1002", "Relay 48 V", "pc", "14.75", "20011", "NW-R48", "4000", "COMP"),
    ("VW-1003", "Contactor 3-pole", "pc", "38.20", "20011", "NW-C3P", "4000", "COMP"),
    ("VW-1004", "Timer module", "pc", "22.05", "20011", "NW-TIM", "4000", "COMP"),
    ("VW-1005", "Power supply 5 A", "pc", "61.90", "20011", "NW-PS5", "4000", "COMP"),
    ("VW-1006", "Terminal block", "box", "9.35", "20011", "NW-TB", "4000", "COMP"),
    ("VW-1007", "DIN rail 1 m", "pc", "4.15", "20011", "NW-DIN1", "4000", "COMP"),
    ("VW-1008", "Fuse holder", "pc", "3.60", "20011", "NW-FH", "4000", "COMP"),
    ("VW-2001", "Bolt M6 x 20", "box", "7.80", "20012", "4711-M6-20", "4406", "COMP"),
    ("VW-2002", "Bolt M8 x 30", "box", "9.95", "20012", "4711-M8-30", "4406", "COMP"),
    ("VW-2003", "Nut M6", "box", "3.25", "20012", "4711-N6", "4406", "COMP"),
    ("VW-2004", "Nut M8", "box", "3.95", "20012", "4711-N8", "4406", "COMP"),
    ("VW-2005", "Washer 6 mm", "box", "1.85", "20012", "4711-W6", "4406", "COMP"),
    ("VW-2006", "Threaded rod M8", "pc", "2.40", "20012", "4711-TR8", "4406", "COMP"),
    ("VW-2007", "Anchor plate", "pc", "11.10", "20012", "4711-AP", "4406", "COMP"),
    ("VW-2008", "Rivet 4 mm", "box", "5.55", "20012", "4711-RV4", "4406", "COMP"),
    ("VW-3001", "Cable 3 x 1.5 mm2", "m", "1.125", "20013", "BL-315", "4000", "CABLE"),
    ("VW-3002", "Cable 3 x 2.5 mm2", "m", "1.675", "20013", "BL-325", "4000", "CABLE"),
    ("VW-3003", "Cable 5 x 2.5 mm2", "m", "2.450", "20013", "BL-525", "4000", "CABLE"),
    ("VW-3004", "Data cable Cat 6", "m", "0.485", "20013", "BL-CAT6", "4000", "CABLE"),
    ("VW-3005", "Cable tray 2 m", "pc", "18.60", "20013", "BL-CT2", "4000", "CABLE"),
    ("VW-3006", "Cable gland M20", "pc", "0.95", "20013", "BL-G20", "4000", "CABLE"),
    ("VW-3007", "Patch cord 2 m", "pc", "3.30", "20013", "BL-PC2", "4000", "CABLE"),
    ("VW-3008", "Heat-shrink set", "box", "12.00", "20013", "BL-HS", "4000", "CABLE"),
]
# Code, description, account.
CHARGES: list[tuple[str, str, str]] = [
    ("FREIGHT", "Freight", "4400"),
    ("HANDLING", "Handling", "4420"),
    ("DISCOUNT", "Discount", "4430"),
]
_AREAS = ("Office", "Building", "Vehicle", "Computer", "Travel", "Staff", "Insurance", "Marketing", "Advice")
_KINDS = ("rent", "supplies", "repair", "lease", "tax", "sundries")
OTHER_ACCOUNTS: list[str] = [f"{area} {kind}" for area in _AREAS for kind in _KINDS]

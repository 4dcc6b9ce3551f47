"""A stand-in of AvidXchange as the fact sheet has it: nothing of it is from the vendor's documentation."""

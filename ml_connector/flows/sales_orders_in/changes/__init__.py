"""What customers change of orders that they have sent: from the 860 to the sales order as it is to be."""

"""What goes over the wire: XML in and out, element order, errors, values in a user's formats."""

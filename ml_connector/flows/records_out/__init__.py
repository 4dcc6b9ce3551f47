"""What leaves of records that an ERP keeps: read, compared with what the partner has, told anew where that differs."""

"""Queue orders: which item a reviewer sees next, one order a file."""

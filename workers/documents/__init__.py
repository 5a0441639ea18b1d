"""Files as cells with exact positions."""

"""What runs inside a box: standard library only, Python 3.7 syntax."""

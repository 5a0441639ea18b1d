"""pandas: what left it or took another form."""

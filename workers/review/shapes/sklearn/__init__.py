"""scikit-learn: splitters took another form."""

"""On which side the fault is when an unchanged artifact fails: the code, the versions, or what neither can bring."""

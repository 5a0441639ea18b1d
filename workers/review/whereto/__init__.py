"""Target finding: for a name or keyword that is gone, where did it go, who says so, and does it hold in the environment?"""

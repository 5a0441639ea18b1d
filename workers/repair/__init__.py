"""The ladder: each module proposes repairs; none judges them."""

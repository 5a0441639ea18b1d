"""Functions of the pinecone module became a client."""

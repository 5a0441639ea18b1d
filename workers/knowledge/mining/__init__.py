"""What libraries say of their own changes, read out of their releases without importing or running any."""

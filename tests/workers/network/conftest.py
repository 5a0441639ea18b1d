from tests.workers.sandbox.conftest import place

__all__ = ["place"]

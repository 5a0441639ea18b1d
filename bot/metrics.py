"""What the ingress counts, in Prometheus' form. One registry per process, made when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

ANSWER_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class IngressMetrics:
    """Deliveries by outcome, and how long their answers took."""

    def __init__(self, outcomes: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        answered = Counter(
            "mendloop_deliveries", "Answers to deliveries by outcome.", ["outcome"], registry=self.registry
        )
        # Looked up once: finding a labelled child costs more than counting.
        self._outcomes = {outcome: answered.labels(outcome) for outcome in outcomes}
        self._seconds = Histogram(
            "mendloop_delivery_seconds",
            "From the headers of a delivery to its answer.",
            buckets=ANSWER_S,
            registry=self.registry,
        )

    def answered(self, outcome: str, seconds: float) -> None:
        """One delivery was answered."""
        self._outcomes[outcome].inc()
        self._seconds.observe(seconds)

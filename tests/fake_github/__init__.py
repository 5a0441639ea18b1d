"""A GitHub that runs here: real git underneath, GitHub's own description as the judge of every answer."""

from tests.fake_github.deliveries import Delivery
from tests.fake_github.faults import Fault
from tests.fake_github.hub import Hub, ViolationsError
from tests.fake_github.people import Installation, Person, PullRequest, Said
from tests.fake_github.repository import Repository

__all__ = ["Delivery", "Fault", "Hub", "Installation", "Person", "PullRequest", "Repository", "Said", "ViolationsError"]

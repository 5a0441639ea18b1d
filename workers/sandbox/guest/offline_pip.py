"""A `pip install` for a place without network: what is installed is said to be, and what is not fails at once.

`python offline_pip.py OVERLAY ARGUMENTS...`; every other command goes to the environment's own pip, if it has one.
"""

import os
import runpy
import sys

_TAKES_VALUE = frozenset(
    [
        *("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t", "--target", "-c", "--constraint"),
        *("--prefix", "--root", "--src", "--platform", "--python-version", "--implementation", "--abi", "--cert"),
        *("--proxy", "--timeout", "--retries", "--trusted-host"),
    ]
)


def main(overlay, arguments):
    """The exit status."""
    # The directory of this script must hide nobody's modules, and the overlay must not be in front of the environment.
    sys.path.pop(0)
    installed = list(sys.path)
    sys.path.append(overlay)
    if arguments[:1] != ["install"]:
        return _own_pip(arguments)
    missing = 0
    for wanted in _wanted(arguments[1:]):
        sentence, there = _look(wanted, installed)
        print(sentence, file=sys.stdout if there else sys.stderr)
        missing += not there
    return 1 if missing else 0


def _own_pip(arguments):
    sys.argv = ["pip", *arguments]
    shimmed = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [path for path in sys.path if path not in shimmed]
    try:
        runpy.run_module("pip", run_name="__main__")
    except ImportError:
        print("ERROR: this environment has no pip; only `pip install` is answered here", file=sys.stderr)
        return 1
    return 0


def _wanted(arguments):
    """The requirements on a command line and in the files that it names."""
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, _, value = argument.partition("=")
        if name in ("-r", "--requirement"):
            for wanted in _from_file(value or (rest.pop(0) if rest else "")):
                yield wanted
        elif argument in _TAKES_VALUE:
            del rest[:1]
        elif not argument.startswith("-"):
            yield argument


def _from_file(path):
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.split(" #")[0].strip() for line in file]
    except OSError as error:
        return ["%s (%s)" % (path, error.strerror)]
    return [line for line in lines if line and line[0] not in "#-"]


def _look(wanted, installed):
    """(a sentence in pip's own words where it has some, True when the requirement is met)."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(wanted)
    except InvalidRequirement:
        return "ERROR: %s cannot be installed: there is no network here" % wanted, False
    if requirement.marker is not None and not requirement.marker.evaluate():
        return "Ignoring %s: its markers do not match this environment" % requirement.name, True
    version = _version(requirement.name, installed)
    if version is None:
        return "ERROR: %s is not installed and there is no network here" % wanted, False
    if not requirement.specifier.contains(version, prereleases=True):
        return "ERROR: %s is not met by the installed %s and there is no network here" % (wanted, version), False
    return "Requirement already satisfied: %s (%s)" % (wanted, version), True


def _version(name, installed):
    """The version of a distribution on the environment's own path; None where it is not there."""
    wanted = _normalised(name)
    for folder in filter(os.path.isdir, installed):
        for entry in os.listdir(folder):
            stem, extension = os.path.splitext(entry)
            if extension in (".dist-info", ".egg-info"):
                found, _, rest = stem.partition("-")
                if _normalised(found) == wanted:
                    return rest.split("-py")[0]
    return None


def _normalised(name):
    return name.replace("_", "-").replace(".", "-").lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

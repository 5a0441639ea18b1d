"""The App's private key, as a variable or a file holds it, and what may be wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

if TYPE_CHECKING:
    from workers.contract.deployment import Reading

PRIVATE_KEY = "MENDLOOP_PRIVATE_KEY"
PRIVATE_KEY_FILE = "MENDLOOP_PRIVATE_KEY_FILE"
KEY_BITS = 2048
"""GitHub's own keys have as many."""
KEY_BYTES = 65_536
"""No key file is longer."""


def private_key(reading: Reading) -> str:
    """The App's key, from the variable or the file it names; line ends may be of any kind, or written out as in JSON."""
    inline, file = reading.text(PRIVATE_KEY, ""), reading.text(PRIVATE_KEY_FILE, "")
    if bool(inline) == bool(file):
        what = "are both set; keep one" if file else f"is not set, and {PRIVATE_KEY_FILE} is not either"
        return reading.wrong(PRIVATE_KEY, f"and {PRIVATE_KEY_FILE} {what}" if file else what, "")
    name = PRIVATE_KEY if inline else PRIVATE_KEY_FILE
    text = inline or _contents(reading, file)
    if not text:
        return ""
    pem = text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n").strip() + "\n"
    trouble = key_trouble(pem)
    return reading.wrong(name, trouble, "") if trouble else pem


def key_trouble(pem: str) -> str:
    """What is wrong with a key, without a word of it; empty when nothing is."""
    if "-----BEGIN" not in pem:
        return "holds no private key in PEM form (a text that starts with -----BEGIN RSA PRIVATE KEY-----)"
    try:
        key = load_pem_private_key(pem.encode(errors="replace"), password=None)
    except (ValueError, TypeError):  # TypeError: it has a password
        return "holds a PEM text that cannot be read as a private key without a password"
    except Exception:  # noqa: BLE001  # of the library's own kinds; their words are not for our logs
        return "holds a private key of a kind that is not known"
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS:
        return f"holds a private key that is not RSA with {KEY_BITS} bits or more"
    return ""


def _contents(reading: Reading, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            text = file.read(KEY_BYTES).decode("ascii", errors="replace")
    except (OSError, ValueError) as error:
        return reading.wrong(PRIVATE_KEY_FILE, f"cannot be read: {getattr(error, 'strerror', error)}: {path}", "")
    return text or reading.wrong(PRIVATE_KEY_FILE, f"is an empty file: {path}", "")

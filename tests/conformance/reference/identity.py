# SPDX-License-Identifier: MIT
"""STR-6: who this side is, and whom it believes, by Ed25519 keys; as `kvferry keygen` writes and prints them."""

import datetime
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat, PublicFormat,
                                                          load_pem_private_key)


@dataclass
class Identity:
    key: object
    certificate: object

    @property
    def public(self):
        return key_text(self.certificate)

    @property
    def pem(self):
        return (self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                + self.certificate.public_bytes(Encoding.PEM))


def key_text(certificate):
    """ed25519: and 64 digits; None for a key of another kind."""
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        return None
    return "ed25519:" + key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def make_identity(key=None):
    """Signed by itself; with a key of another kind, one that nobody pins."""
    digest = SHA256() if key else None
    key = key or Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kvferry")])
    dates = datetime.datetime(2000, 1, 1), datetime.datetime(2100, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, *dates)
    return Identity(key, builder.sign(key, digest))


def read_identity(path):
    with open(path, "rb") as file:
        blocks = {kind: block for block, kind in re.findall(rb"(-----BEGIN ([A-Z ]+)-----.*?-----END \2-----)",
                                                          file.read(), re.S)}
    return Identity(load_pem_private_key(blocks[b"PRIVATE KEY"], None),
                    x509.load_pem_x509_certificate(blocks[b"CERTIFICATE"]))

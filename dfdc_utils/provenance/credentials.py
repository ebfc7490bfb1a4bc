"""Content Credentials (C2PA): a signed note in a file about where it comes from, and what a reader makes of it.

The certificates are made on the spot, for teaching: nobody trusts them who was not told to.
"""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dfdc_utils.workspace import whole

_DAYS = 30
_MADE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
_NO_CREDENTIALS = "ManifestNotFound"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Who signs: a key, the certificate of its owner, and of whoever vouches for the owner. All in PEM."""

    owner: bytes
    authority: bytes
    key: bytes


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a reader says of the credentials in one file."""

    state: str
    """"Trusted", "Valid" (whole, but signed by a stranger), "Invalid" or "none"."""
    signer: str | None
    problems: tuple[str, ...]
    """In C2PA's own words, such as "assertion.bmffHash.mismatch"; empty where there are none."""


def make_certificate(owner: str = "A camera that does not exist") -> Certificate:
    """A new certificate for `owner`, and of an authority that vouches for it, good for a month."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [_name("An authority that does not exist"), _name(owner)]
    authority = _certificate(names[0], keys[0], names[0], keys[0], authority=True)
    signed = _certificate(names[1], keys[1], names[0], keys[0], authority=False)
    key = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(owner=_pem(signed), authority=_pem(authority), key=key)


def sign(path: Path, out: Path, certificate: Certificate) -> None:
    """Writes the clip at `path` to `out` with credentials in it: who made it, how, and the hash of its content.

    Raises c2pa.C2paError where the file is of a kind that cannot hold credentials.
    """
    info = c2pa.C2paSignerInfo(
        alg=b"es256", sign_cert=certificate.owner + certificate.authority, private_key=certificate.key, ta_url=None
    )
    builder = c2pa.Builder({
        "claim_generator_info": [{"name": "dfdc_utils"}],
        "title": path.name,
        "assertions": [{
            "label": "c2pa.actions.v2",
            "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": _MADE}]},
        }],
    })
    with whole(out) as temporary:
        builder.sign_file(str(path), str(temporary), c2pa.Signer.from_info(info))


def read(path: Path, trusted: Certificate | None = None) -> Report:
    """What the credentials in the file at `path` are worth.

    Args:
        trusted: whose authority the reader trusts; None trusts nobody that was made here.
    """
    anchors = {"trust": {"user_anchors": trusted.authority.decode()}} if trusted else {}
    context = c2pa.Context(c2pa.Settings.from_dict({"verify": {"verify_trust": True}, **anchors}))
    try:
        found = json.loads(c2pa.Reader(str(path), context=context).json())
    except c2pa.C2paError as error:
        if _NO_CREDENTIALS in str(error):
            return Report(state="none", signer=None, problems=())
        # What is left of credentials that were cut to pieces.
        return Report(state="Invalid", signer=None, problems=(str(error).split(":")[0],))
    manifest = found["manifests"][found["active_manifest"]]
    return Report(
        state=found["validation_state"],
        signer=manifest.get("signature_info", {}).get("common_name"),
        problems=tuple(problem["code"] for problem in found.get("validation_status", [])),
    )


def _name(common_name: str) -> x509.Name:
    # A claim must be signed in the name of an organisation.
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "For teaching only")
    return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(owner, key, issuer, issuer_key, *, authority: bool) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    nothing = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )
    usage = x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **nothing)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer).subject_name(owner).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        # C2PA wants a purpose, and takes this one.
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)

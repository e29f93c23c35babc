"""A real LDAP server, OpenLDAP's slapd, on loopback; installs it where there is none (`python -m tests.federation.slapd`)."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.listener import make_certificate
from tests.servers import free_port

_DEBIAN = "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends slapd"
BASE = "dc=example,dc=com"
OUR_DN, OUR_PASSWORD = f"cn=oidc-server,{BASE}", "what-the-directory-gave-us"

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {folder}/certificate.pem
TLSCertificateKeyFile {folder}/key.pem
TLSCACertificateFile {folder}/certificate.pem
# What many servers allow by mistake: a bind with a name and no password.
allow bind_anon_cred bind_anon_dn
database mdb
suffix "{base}"
rootdn "{dn}"
rootpw {password}
directory {folder}/data
"""

_ENTRIES = """
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: uid=erika,dc=example,dc=com
objectClass: inetOrgPerson
uid: erika
cn: Erika Mustermann
sn: Mustermann
givenName: Erika
displayName: Erika Mustermann
mail: erika@example.com
userPassword: erika's password

dn: uid=max\\2Cmoritz,dc=example,dc=com
objectClass: inetOrgPerson
uid: max,moritz
cn: Max
sn: Moritz
mail: max@example.com
userPassword: max's password
"""


@dataclass
class Slapd:
    """A server that runs."""

    port: int
    tls_port: int
    certificate: Path
    process: subprocess.Popen[bytes]

    def entry(self, **members: Any) -> dict[str, Any]:
        """How the apply file describes it."""
        return {
            "slug": "directory", "kind": "ldap", "name": "Directory", "url": f"ldap://localhost:{self.port}",
            "start_tls": True, "base_dn": BASE, "bind_dn": OUR_DN, "bind_password": OUR_PASSWORD,
            "just_in_time": True, **members,
        }  # fmt: skip


def find() -> str | None:
    """The path of slapd on this machine."""
    return shutil.which("slapd") or shutil.which("slapd", path="/usr/sbin:/usr/local/sbin:/usr/libexec")


@contextmanager
def serving(folder: Path) -> Iterator[Slapd]:
    """One with two people in it."""
    program = find()
    assert program, "slapd is missing: run `python -m tests.federation.slapd`"
    certificate = make_certificate(folder, "localhost")
    (folder / "data").mkdir()
    configuration = folder / "slapd.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, base=BASE, dn=OUR_DN, password=OUR_PASSWORD))
    subprocess.run(
        [program, "-T", "add", "-f", str(configuration)], input=_ENTRIES.encode(), check=True, capture_output=True
    )
    port, tls_port = free_port(), free_port()
    with (folder / "slapd.log").open("wb") as out:
        command = [
            program,
            "-d",
            "0",
            "-f",
            str(configuration),
            "-h",
            f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/",
        ]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait_for(port)
        yield Slapd(port, tls_port, certificate, process)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("slapd did not start")


if __name__ == "__main__":
    if find() is None and shutil.which("apt-get") and os.geteuid() == 0:
        sys.stdout.write("Installing slapd for the tests of LDAP ...\n")
        subprocess.run(["/bin/sh", "-c", _DEBIAN], check=True, stdout=subprocess.DEVNULL)
    if find() is None:
        sys.exit("The tests of LDAP need OpenLDAP's slapd: install it.")

#!/usr/bin/env python3
"""Writes what a folder made by scripts/bundle.sh holds, as an SPDX 2.3 document (https://spdx.github.io/spdx-spec/v2.3).

Usage: python3 -I scripts/sbom.py FOLDER VERSION COMMIT EPOCH >sbom.spdx.json

Each file has its SHA-1 and SHA-256. Each library comes with the Debian package and version that it was copied from, if the system
knows it. LibTorch is listed with the hashes of its wheels, although it is not in the folder. EPOCH: the time of the commit in
seconds; the same inputs give the same document.
"""
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys

PROGRAM = "SPDXRef-hpcai-train"


def spdx_id(text):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", text)


def debian_package(library):
    """Returns (name, version) of the installed package that has a library of this file name; None if there is none."""
    def output(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return ""
    owner = output("dpkg", "-S", "*/" + library).split(":", 1)[0].strip()
    version = output("dpkg-query", "-W", "-f", "${Version}\n", owner).split("\n", 1)[0] if owner else ""
    return (owner, version) if version else None


def package(name, version, **more):
    return {"SPDXID": spdx_id(f"{name}-{version}"), "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION", **more}


def libtorch():
    """Returns the wheels of libtorch.txt as packages."""
    found = []
    lock = pathlib.Path(__file__).parent / "libtorch.txt"
    for name, version, rest in re.findall(r"^([\w-]+)==([\w.+]+)((?:.*\\\n)*.*)$", lock.read_text(), re.M):
        hashes = re.findall(r"sha256:([0-9a-f]{64})", rest)
        found.append(package(name, version, externalRefs=[{
            "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": f"pkg:pypi/{name}@{version}"}],
            comment="Needed at run time, not in this folder. SHA-256 of its wheels: " + ", ".join(hashes)))
    return found


def describe_file(path, folder):
    content = path.read_bytes()
    return {"SPDXID": spdx_id(f"file-{path.relative_to(folder)}"), "fileName": f"./{path.relative_to(folder)}",
            "checksums": [{"algorithm": kind.upper(), "checksumValue": hashlib.new(kind, content).hexdigest()}
                          for kind in ("sha1", "sha256")],
            "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION"}


def main(folder, version, commit, epoch):
    folder = pathlib.Path(folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [describe_file(path, folder) for path in paths]
    packages = [package("hpcai-train", version, licenseDeclared="BSD-3-Clause", sourceInfo=f"commit {commit}"), *libtorch()]
    packages[0]["SPDXID"] = PROGRAM
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", PROGRAM)]
    relations += [(PROGRAM, "DEPENDS_ON", other["SPDXID"]) for other in packages[1:]]
    relations += [(PROGRAM, "CONTAINS", file["SPDXID"]) for file in files]
    for path, file in zip(paths, files):
        origin = debian_package(path.name) if path.parent.name == "lib" else None
        if origin is None:
            continue
        source = package(*origin, externalRefs=[{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                                 "referenceLocator": f"pkg:deb/debian/{origin[0]}@{origin[1]}"}])
        if source["SPDXID"] not in [known["SPDXID"] for known in packages]:
            packages.append(source)
        relations.append((file["SPDXID"], "GENERATED_FROM", source["SPDXID"]))
    created = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha256("".join(file["checksums"][1]["checksumValue"] for file in files).encode()).hexdigest()
    json.dump({"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"hpcai-train-{version}",
               "documentNamespace": f"urn:hpcai-train:sbom:{digest}",
               "creationInfo": {"created": created, "creators": ["Tool: hpcai-train-sbom"]},
               "packages": packages, "files": files,
               "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
                                 for one, kind, other in relations]}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])

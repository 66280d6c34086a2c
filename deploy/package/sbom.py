"""The bill of materials of a package (CycloneDX), from the locks it is built from."""

import json
import subprocess
import sys
from typing import Any

from deploy.package.product import Product
from deploy.package.wheels import ROOT
from service import __version__


def bill(product: Product, pythons: tuple[str, ...]) -> str:
    """Return the CycloneDX document of `product`."""
    components = {part["bom-ref"]: part for lock in product.locks for part in _components(lock)}
    return json.dumps(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {
                "component": {
                    "bom-ref": product.name,
                    "type": "application",
                    "name": product.name,
                    "version": __version__,
                    "licenses": [{"license": {"id": "Apache-2.0"}}],
                },
                "properties": [{"name": "cdx:python:version", "value": python} for python in pythons],
            },
            "components": [
                part for _, part in sorted(components.items()) if _carried(part["name"].replace("-", "_"), product)
            ],
        },
        indent=1,
        sort_keys=True,
    )


def _components(lock: str) -> list[dict[str, Any]]:
    file = ROOT / "locks" / f"{lock}.txt"
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--of", "JSON", "-"]
    result = subprocess.run(command, input=file.read_bytes(), check=True, capture_output=True)
    found = json.loads(result.stdout)["components"]
    for part in found:
        # Its own reference is the line number; the URL of the package is the same in every lock.
        part["bom-ref"] = part["purl"]
        part.pop("description", None)
    return list(found)


def _carried(name: str, product: Product) -> bool:
    return name in product.only if product.only else name not in product.without

"""Packaging of mcproxy."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$', (HERE / "mcproxy/__init__.py").read_text("utf-8"), re.M
)[1]

# The lowest versions are those of Debian 12, for which debian/ makes a package; noxfile.py tests
# them.
MANHOLE = ["twisted[conch]>=22.4"]
DOCS = ["sphinx>=7.2", "furo>=2024.1.29"]
# Tests in network namespaces use these. Some need newer libraries than mcproxy does.
KERNEL_TEST = [
    "schemathesis>=4",
    "selenium>=4.20",
    "axe-core-python>=0.1",
    "ansible-core>=2.15",
]
# One test builds a wheel, with the setuptools that are there.
TEST = [
    "hypothesis>=6.150",
    "scapy>=2.8",
    "coverage>=7",
    "jsonschema>=4.18",
    "openapi-spec-validator>=0.7.1",
    "grafana-foundation-sdk",
    "docutils>=0.20",
    "setuptools>=70.1",
    *KERNEL_TEST,
    *DOCS,
    *MANHOLE,
]
RELEASE = ["build>=1.2", "nox>=2024.4.15", "twine>=5.1"]
DEV = ["ruff>=0.6", "mypy>=1.10", "mypy-zope>=1.0", *TEST, *RELEASE]

setup(
    # On PyPI "mcproxy" is another project.
    name="mcproxy-igmp",
    version=VERSION,
    description="An IGMP/MLD proxy daemon for Linux (RFC 4605)",
    long_description=(HERE / "README.rst").read_text("utf-8"),
    long_description_content_type="text/x-rst",
    license="MIT",
    python_requires=">=3.11",
    # Not plain find_packages(): it would ship the tests. The plugin's folder is no package
    # of ours and has no __init__.py, so it is named.
    packages=[*find_packages(include=["mcproxy", "mcproxy.*"]), "twisted.plugins"],
    package_data={"mcproxy": ["py.typed"], "mcproxy.control.web": ["page/*"]},
    install_requires=[
        "twisted>=22.4",
        "pyroute2>=0.7.2",
        "attrs>=22.2",
        "rich>=13.3",
        "tomlkit>=0.11.7",
        "lark>=1.1.5",
        "prometheus-client>=0.16",
    ],
    extras_require={"manhole": MANHOLE, "docs": DOCS, "test": TEST, "dev": DEV},
    entry_points={"console_scripts": ["mcproxy=mcproxy.cli:main"]},
    classifiers=[
        "Environment :: No Input/Output (Daemon)",
        "Framework :: Twisted",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX :: Linux",
        # Those that noxfile.py tests.
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: System :: Networking",
        "Typing :: Typed",
    ],
)

# What users and maintainers run. Everything happens in a virtual environment of its own,
# .venv, which is made when it is missing and made anew when setup.py changes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test lint venv bench reference docs versions lowest dist deb release-check clean

help:
	@echo "make demo   a source, the proxy and receivers in network namespaces of their own"
	@echo "make test   all tests"
	@echo "make lint   linters and type checker"
	@echo "make bench  the benchmarks beside igmpproxy; takes a while, needs root"
	@echo "make reference  the sample and the reference, written from the program"
	@echo "make docs   the documentation as web pages, in build/docs"
	@echo "make versions  the tests with other versions of Python and of the libraries"
	@echo "make dist   source distribution and wheel, in dist"
	@echo "make deb    the Debian package, in build/deb"
	@echo "make release-check  what must hold before a release, point by point"
	@echo "make clean  remove what these made"

demo: venv
	$(BIN)/python -m mcproxy demo

test: venv
	$(BIN)/python -m tests

lint: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: venv
	$(BIN)/python -m tests.benchmarks

reference: venv
	$(BIN)/python -m mcproxy.config.reference
	$(BIN)/python -m tests.program_docs
	$(BIN)/python -m tests.view_docs
	$(BIN)/python -m tests.metric_docs
	$(BIN)/python -m tests.house_picture

docs: venv
	$(BIN)/sphinx-build -W --keep-going -n -q docs build/docs
	@echo "open build/docs/index.html"

versions: venv
	$(BIN)/nox

lowest: venv
	$(BIN)/nox --session lowest

dist: venv
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

release-check: venv
	$(BIN)/python -m tests.release

# In a copy, because dpkg-buildpackage writes beside and into its folder; with Debian's own Python.
deb:
	@command -v dpkg-buildpackage dh >/dev/null || \
	  { echo "building the package needs tools; on Debian: apt-get build-dep ./"; exit 1; }
	rm -rf build/deb
	mkdir -p build/deb/mcproxy
	tar -c --exclude-vcs --exclude-from=.gitignore --exclude=./build --exclude=./.venv . \
	  | tar -x -C build/deb/mcproxy
	cd build/deb/mcproxy && PATH=/usr/sbin:/usr/bin:/sbin:/bin dpkg-buildpackage -us -uc -b
	@ls build/deb/*.deb

venv: $(STAMP)

$(STAMP): setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "Python cannot make virtual environments; on Debian: apt-get install python3-venv"; \
	    exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV), which takes a minute"
# Not a copy but the files that are here, in the one of the two ways in which twistd finds
# the plugin.
	@$(BIN)/pip install --quiet --disable-pip-version-check \
	  --config-settings editable_mode=compat --editable ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info _trial_temp* .hypothesis .mypy_cache .ruff_cache \
	  twisted/plugins/dropin.cache
	find . -name __pycache__ -prune -exec rm -rf {} +

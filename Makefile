# make study   environment, synthetic DFDC, all notebooks through papermill, results
# make test    environment, test suite
# make check-mini  the study mini with three training seeds, and whether every network learned
# make lint    environment, ruff and mypy
# make class   what a class needs, in class/: notebooks for students and teachers, slides, one archive of the study
# make report  pages of the study that open from disk, in report/
# make lab     JupyterLab on notebooks/
# make bench   side-by-side timings
#
# PYTHON=python3.12 chooses the interpreter, PROFILE=tiny the size of the study, OUT=folder that of the class.

PYTHON  ?= python3
PROFILE ?= mini
OUT     ?= class
VENV    := .venv
READY   := $(VENV)/.ready

.PHONY: study test check-mini lint class report lab bench clean
.DELETE_ON_ERROR:

study: $(READY)
	$(VENV)/bin/python -m dfdc_utils study --profile $(PROFILE)

test: $(READY)
	$(VENV)/bin/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder

check-mini: $(READY)
	$(VENV)/bin/python -m dfdc_utils study --profile mini --seeds 2022 1 2
	$(VENV)/bin/python -m pytest -q --override-ini addopts= tests/check_mini.py

lint: $(READY)
	$(VENV)/bin/python -m ruff check
	$(VENV)/bin/python -m mypy

class: $(READY)
	$(VENV)/bin/python -m dfdc_utils classroom --profile $(PROFILE) --out $(OUT)

report: $(READY)
	$(VENV)/bin/python -m dfdc_utils report --profile $(PROFILE) --out report

lab: $(READY)
	$(VENV)/bin/jupyter lab notebooks

bench: $(READY)
	$(VENV)/bin/python -m pytest -q -s --override-ini addopts= tests/benchmarks

# The stamp is written last, so an interrupted installation starts again.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dfdc_utils needs Python 3.11 or newer; $(PYTHON) is " + sys.version.split()[0] + ". Choose another: make PYTHON=python3.12 ...")'
	@echo "Installing the environment into $(VENV) (one to five minutes, once) ..."
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

clean:
	rm -rf $(VENV) runs/* *.egg-info

"""Runs pytest for Fluffy's kernel, as `python -m pytest` does, but for one thing: the project's folder comes into the search path only when
the key is read, so that no module of the project can stand in for pytest's, the plugin's or the standard library's. See fluffy_pytest.py."""
import os
import sys

import fluffy_pytest
import pytest

assert fluffy_pytest
sys.path[0] = os.getcwd()
sys.exit(getattr(pytest, "console_main", pytest.main)())

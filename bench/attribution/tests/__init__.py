"""Tests of this benchmark's own arithmetic: python -m unittest discover --start-directory bench/attribution"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parents[1]
# What the programs find beside themselves.
sys.path[:0] = map(str, (HERE.parent, HERE, *(HERE / name for name in ("tasks", "measures", "peers"))))

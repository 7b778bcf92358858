"""Runs the tests of the demo's own code, and counts them as scripts/test wants."""

import pathlib
import sys
import unittest

tests = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent))
result = unittest.TextTestRunner(warnings="ignore").run(tests)
bad = len(result.failures) + len(result.errors)
print(f"demo: {result.testsRun - bad} passed, {bad} failed")
sys.exit(1 if bad else 0)

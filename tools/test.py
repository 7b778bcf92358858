"""Runs the tests of the tools, which lie beside them, and counts them as scripts/test wants."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
FOLDER = pathlib.Path(__file__).resolve().parent
suite = unittest.TestSuite()
for tool in sorted(path for path in FOLDER.iterdir() if path.is_dir()):
    # A loader remembers the first folder that it looked through.
    suite.addTests(unittest.TestLoader().discover(str(tool)))
result = unittest.TextTestRunner(warnings="ignore").run(suite)
bad = len(result.failures) + len(result.errors)
print(f"tools: {result.testsRun - bad} passed, {bad} failed")
sys.exit(1 if bad else 0)

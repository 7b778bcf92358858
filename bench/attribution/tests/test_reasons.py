"""Tests of reasons.py."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import reasons


class Reasons(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def told(self):
        return {path.stem: json.loads(path.read_text())["reason"] for path in self.folder.glob("*.json")}

    def scored(self, name):
        (self.folder / f"{name}.safetensors").touch()

    def test_method_should_not_be_done_when_stopped(self):
        self.assertFalse(reasons.done(self.folder, "peer-cg"))
        reasons.start(self.folder, "peer-cg")
        self.scored("peer-cg")
        self.assertFalse(reasons.done(self.folder, "peer-cg"))
        self.assertEqual(self.told(), {"peer-cg-rest": reasons.STOPPED})

    def test_method_should_be_done_when_it_ends(self):
        reasons.start(self.folder, "peer-cg")
        self.scored("peer-cg")
        reasons.end(self.folder, "peer-cg")
        self.assertTrue(reasons.done(self.folder, "peer-cg"))
        self.assertEqual(self.told(), {})

    def test_reason_should_be_the_method_s_when_it_has_no_scores(self):
        reasons.start(self.folder, "peer-cg")
        reasons.end(self.folder, "peer-cg", "it does not")
        self.assertTrue(reasons.done(self.folder, "peer-cg"))
        self.assertEqual(self.told(), {"peer-cg": "it does not"})

    def test_reason_should_stand_beside_scores_when_there_are_some(self):
        reasons.start(self.folder, "peer-cg")
        self.scored("peer-cg")
        reasons.end(self.folder, "peer-cg", "it takes too long")
        self.assertTrue(reasons.done(self.folder, "peer-cg"))
        self.assertEqual(self.told(), {"peer-cg-rest": "it takes too long"})
        self.assertTrue((self.folder / "peer-cg.safetensors").exists())

    def test_start_should_leave_other_methods_alone(self):
        for name in ("peer-cg", "peer-cg-damping1e-3", "peer-ekfac"):
            self.scored(name)
        reasons.start(self.folder, "peer-cg")
        self.assertEqual([path.stem for path in self.folder.glob("*.safetensors")], ["peer-ekfac"])


if __name__ == "__main__":
    unittest.main()

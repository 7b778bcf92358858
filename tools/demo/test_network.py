"""Starting, knowing and stopping processes, with small programs in the place of the node."""

import pathlib
import socket
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from cli import Cli, Failed
from network import Network


class Processes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.network = Network(folder.name, folder.name, offset=2_000)
        self.network.logs.mkdir()
        self.addCleanup(self.network.stop)

    def program(self, name, text):
        path = self.network.binaries / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def test_what_was_started_is_known_and_stopped(self):
        self.program("sleeper", "exec sleep 600")
        self.network._start("sleeper", "sleeper")
        # Another Network of the same folder, as a later run has it.
        later = Network(self.network.folder, self.network.binaries)
        self.assertEqual(list(later.running()), ["sleeper"])
        later.stop()
        self.assertEqual(self.network.running(), {})

    def test_a_process_of_another_start_is_left_alone(self):
        self.network.known.write_text('{"node": {"pid": 1, "started": "0"}}', encoding="utf-8")
        self.assertEqual(self.network.running(), {})

    def test_a_program_that_ends_at_once_is_an_error_with_its_last_words(self):
        self.program("dies", "echo no room left; exit 1")
        self.network._start("dies", "dies")
        with self.assertRaisesRegex(Failed, "no room left"):
            self.network._wait("dies", lambda: False)

    def test_a_port_in_use_is_refused_before_anything_starts(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.network.ports["engine"]))
            taken.listen()
            with self.assertRaisesRegex(Failed, f"port {self.network.ports['engine']}, which the engine"):
                self.network.check_ports()
        self.network.check_ports()

    def test_an_error_of_the_command_line_is_told_in_its_words(self):
        self.program("openledger", """echo '{"error":{"message":"no such datanet","code":"refused"}}' >&2; exit 4""")
        cli = Cli(
            self.network.binaries / "openledger", "home", "store", "ws://x", "http://x", "http://y",
            self.network.logs / "cli.log",
        )
        with self.assertRaisesRegex(Failed, "status 4: no such datanet"):
            cli("datanet", "show", 7)


if __name__ == "__main__":
    unittest.main()

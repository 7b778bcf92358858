"""The `openledger` command line, called with --json."""

import json
import os
import pathlib
import subprocess


class Failed(Exception):
    """Something that ends the demo, in a sentence for people."""


class Cli:
    """`openledger` against one node, one store and one home."""

    def __init__(self, binary, home, store, node, gateway, admin, log):
        self.binary = pathlib.Path(binary)
        self.log = pathlib.Path(log)
        self.environment = {
            **os.environ,
            "OPENLEDGER_HOME": str(home),
            "OPENLEDGER_STORE": str(store),
            "OPENLEDGER_NODE": node,
            "OPENLEDGER_GATEWAY": gateway,
            "OPENLEDGER_ADMIN": admin,
        }

    def __call__(self, *arguments, suri=None, allow=(), progress=None):
        """The JSON that a command prints. Exit statuses other than 0 and those in `allow` raise.

        `progress` takes each line that the command writes to standard error, while it runs.
        """
        command = [str(self.binary), "--json"]
        if suri:
            command += ["--suri", suri]
        command += [str(argument) for argument in arguments]
        with open(self.log, "a", encoding="utf-8") as log:
            print("$", *command, file=log, flush=True)
            with subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if progress else log,
                text=True,
            ) as process:
                if progress:
                    for line in process.stderr:
                        if not progress(line):
                            log.write(line)
                output = process.stdout.read()
            log.write(output)
        if process.returncode != 0 and process.returncode not in allow:
            raise Failed(
                f"`openledger {' '.join(command[2:])}` ended with status {process.returncode}: "
                f"{self._reason()} (log: {self.log})"
            )
        try:
            return json.loads(output)
        except json.JSONDecodeError as error:
            raise Failed(f"expected JSON from `{' '.join(command)}`, got {output!r}") from error

    def _reason(self):
        """The last error in the log."""
        with open(self.log, encoding="utf-8") as log:
            lines = [line.strip() for line in log if line.strip()]
        try:
            return json.loads(lines[-1])["error"]["message"]
        except (json.JSONDecodeError, KeyError, TypeError):
            return lines[-1]

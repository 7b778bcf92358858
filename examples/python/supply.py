"""Says where all OPEN lies, with nothing but Python's standard library.

    python3 python/supply.py

NODE_URL is the node's HTTP address (default http://127.0.0.1:9944).

Reads every account of the chain as it is stored: `System.Account` is a map from an account's id, after a hash of 16
bytes, to SCALE of (nonce u32, consumers u32, providers u32, sufficients u32, free u128, reserved u128, …).
"""

import json
import os
import struct
import urllib.request

NODE = os.environ.get("NODE_URL", "http://127.0.0.1:9944")
OPEN = 10**18
# twox128("System") ‖ twox128("Account"): where the map begins.
ACCOUNTS = "0x26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9"
PAGE = 256


def ask(method, *parameters):
    """The result of a JSON-RPC call."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(NODE, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)
    if "error" in found:
        raise SystemExit(f"{method}: {found['error']['message']}")
    return found["result"]


def accounts(block):
    """(id, free, reserved) of every account, in units."""
    last = ACCOUNTS
    while True:
        keys = ask("state_getKeysPaged", ACCOUNTS, PAGE, last, block)
        if not keys:
            return
        for key, value in ask("state_queryStorageAt", keys, block)[0]["changes"]:
            data = bytes.fromhex(value[2:])
            free, reserved = (low + (high << 64) for low, high in struct.iter_unpack("<QQ", data[16:48]))
            yield key[-64:], free, reserved
        last = keys[-1]


def main():
    block = ask("chain_getFinalizedHead")
    found = sorted(accounts(block), key=lambda account: -sum(account[1:]))
    print(f"{ask('system_chain')}, block {block}")
    for account, free, reserved in found[:10]:
        print(f"  0x{account}  {free / OPEN:>20,.3f} free  {reserved / OPEN:>16,.3f} held")
    total = sum(free + reserved for _, free, reserved in found)
    print(f"{len(found)} accounts hold {total // OPEN:,} OPEN and {total % OPEN} units")


main()

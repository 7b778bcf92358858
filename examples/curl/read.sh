#!/usr/bin/env bash
# Asks a node by JSON-RPC over HTTP what an account can claim.
#
#   curl/read.sh ACCOUNT
#
# NODE_URL is the node's HTTP address (default http://127.0.0.1:9944).
set -euo pipefail
node=${NODE_URL:-http://127.0.0.1:9944}
account=${1:?name an account, as an SS58 address}

# ask METHOD PARAMETERS: prints the answer, whole.
ask() {
    curl --silent --show-error --fail --max-time 10 -H 'Content-Type: application/json' \
        --data "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}" "$node"
    echo
}

ask system_chain '[]'
ask chain_getFinalizedHead '[]'
ask openledger_claimable "[\"$account\"]"

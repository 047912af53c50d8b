"""Drives enos-poseidon in its own environment: an order as JSON on standard input, the answers on standard output."""

import contextlib
import json
import sys

from poseidon import poseidon

order = json.load(sys.stdin)
if order.get("pubkey"):
    poseidon.pubkey = order["pubkey"].encode()
answers = []
with contextlib.redirect_stdout(sys.stderr):  # the SDK prints what goes wrong
    for call in order["calls"]:
        answers.append(
            poseidon.urlopen(
                order["key"],
                order["secret"],
                call["url"],
                call.get("data"),
                headers=call.get("headers"),
                method=call.get("method"),
                timeout=20,
            )
        )
json.dump(answers, sys.stdout)

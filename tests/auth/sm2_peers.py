"""OpenSSL and the npm package sm-crypto as the other side of SM2: they sign what we verify and verify what we sign."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SM_CRYPTO = """
const {sm2} = require('sm-crypto');
const ask = JSON.parse(require('fs').readFileSync(0));
const answer = ask.do === 'keys' ? sm2.generateKeyPairHex()
  : ask.do === 'sign' ? sm2.doSignature(ask.message, ask.privateKey, {hash: true, der: ask.der})
  : sm2.doVerifySignature(ask.message, ask.signature, ask.publicKey, {hash: true});
console.log(JSON.stringify(answer));
"""


@dataclass
class SmCrypto:
    """The package, installed in a directory."""

    directory: Path

    def ask(self, **question):
        run = subprocess.run(
            ["node", "-e", SM_CRYPTO], cwd=self.directory, input=json.dumps(question), capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)


@dataclass
class OpenSsl:
    """The command line of OpenSSL with a key of its own in a directory."""

    directory: Path

    def __post_init__(self):
        self._run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", "key.pem")
        self._run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")

    @property
    def public_pem(self):
        return (self.directory / "public.pem").read_text()

    @property
    def public_der(self):
        return self._run("pkey", "-in", "key.pem", "-pubout", "-outform", "DER")

    @property
    def private_key(self):
        text = self._run("pkey", "-in", "key.pem", "-noout", "-text").decode()
        digits = re.search(r"priv:\s*([0-9a-f:\s]+?)pub:", text)[1]
        return f"{int(re.sub(r'[^0-9a-f]', '', digits), 16):064x}"

    def sign(self, message: bytes, user_id="1234567812345678") -> bytes:
        (self.directory / "message").write_bytes(message)
        options = ["-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{user_id}"]
        return self._run("pkeyutl", "-sign", "-in", "message", "-inkey", "key.pem", *options)

    def verifies(self, message: bytes, der: bytes) -> bool:
        (self.directory / "message").write_bytes(message)
        (self.directory / "signature").write_bytes(der)
        options = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-sigfile", "signature"]
        command = ["openssl", "pkeyutl", "-verify", "-in", "message", "-pubin", "-inkey", "public.pem", *options]
        return subprocess.run(command, cwd=self.directory, capture_output=True).returncode == 0

    def sm3(self, data: bytes) -> bytes:
        return subprocess.run(
            ["openssl", "dgst", "-sm3", "-binary"], input=data, capture_output=True, check=True
        ).stdout

    def _run(self, *arguments: str) -> bytes:
        run = subprocess.run(["openssl", *arguments], cwd=self.directory, capture_output=True)
        assert run.returncode == 0, run.stderr
        return run.stdout


def der_of(r: int, s: int) -> bytes:
    body = b"".join(_integer(number) for number in (r, s))
    return bytes([0x30, len(body)]) + body


def _integer(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(content)]) + content

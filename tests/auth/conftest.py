import subprocess
from pathlib import Path

import pytest
from sm2_peers import OpenSsl, SmCrypto


@pytest.fixture(scope="session")
def sm_crypto(tmp_path_factory) -> SmCrypto:
    directory = tmp_path_factory.mktemp("sm-crypto")
    script = Path(__file__).parents[2] / "scripts" / "sm-crypto"
    subprocess.run([script, directory], check=True, stdout=subprocess.DEVNULL)
    return SmCrypto(directory)


@pytest.fixture(scope="session")
def openssl(tmp_path_factory) -> OpenSsl:
    return OpenSsl(tmp_path_factory.mktemp("openssl"))

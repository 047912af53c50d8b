"""Drives the SDK alibabacloud_schedulerx220190430 in its own environment: one order as JSON on stdin, one answer."""

import json
import sys

from alibabacloud_schedulerx220190430 import models
from alibabacloud_schedulerx220190430.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.exceptions import DaraException
from darabonba.runtime import RuntimeOptions

order = json.load(sys.stdin)
client = Client(
    Config(
        access_key_id=order["key"],
        access_key_secret=order["secret"],
        endpoint=order["endpoint"],
        protocol="http",
        region_id="cn-hangzhou",
        **({"signature_algorithm": order["algorithm"]} if order["algorithm"] else {}),
    )
)
answers = []
for call in order["calls"]:
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in call["action"]).lstrip("_")
    request = getattr(models, f"{call['action']}Request")().from_map(call["parameters"])
    try:
        answer = getattr(client, f"{name}_with_options")(request, RuntimeOptions())
        answers.append(answer.body.to_map())
    except DaraException as error:
        status = getattr(error, "status_code", None) or (getattr(error, "data", None) or {}).get("statusCode")
        answers.append({"error": error.code, "status": status, "message": error.message})
json.dump(answers, sys.stdout)

"""Drives aliyun-python-sdk-core and aliyun-python-sdk-schedulerx2 in their own environment; see sx_tea.py."""

import importlib
import json
import sys

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient

order = json.load(sys.stdin)
client = AcsClient(order["key"], order["secret"], "cn-hangzhou")
answers = []
for call in order["calls"]:
    name = f"{call['action']}Request"
    request = getattr(importlib.import_module(f"aliyunsdkschedulerx2.request.v20190430.{name}"), name)()
    request.set_endpoint(order["endpoint"])
    request.set_protocol_type("http")
    for key, value in call["parameters"].items():
        getattr(request, f"set_{key}")(value)
    try:
        answers.append(json.loads(client.do_action_with_exception(request)))
    except ServerException as error:
        answers.append(
            {"error": error.get_error_code(), "status": error.get_http_status(), "message": error.get_error_msg()}
        )
json.dump(answers, sys.stdout)

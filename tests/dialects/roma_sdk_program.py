"""Run by the Python of the vendor's SDK: unmodified clients, told line by line what to do, answer line by line."""

import json
import sys
from urllib.parse import parse_qsl

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkroma.v2 import RomaClient, model


class GatewaySigner(Signer):
    """As the signer the gateway offers: it adds no hash of the content of its own."""

    @classmethod
    def _process_content_header(cls, request):
        pass


def client(order):
    credentials = BasicCredentials(order["key"], order["secret"], "project-1")
    config = HttpConfig.get_default_config()
    config.timeout = 20
    builder = RomaClient.new_builder().with_http_config(config).with_credentials(credentials)
    return builder.with_endpoint(order["url"]).build()


def call(roma, order):
    """Call an operation of the client by its name."""
    values = dict(order["values"])
    if "body" in values:
        values["body"] = getattr(model, order["body"])(**values["body"])
    request = getattr(model, order["request"])(instance_id="instance-1", **values)
    return getattr(roma, order["operation"])(request).to_json_object()


def send(roma, order):
    """Call any path by the client's own generic call."""
    response = roma.do_http_request(
        method=order["method"],
        resource_path="/v2/{project_id}/apic/instances/instance-1" + order["path"],
        query_params=[tuple(one) for one in order.get("query", [])],
        header_params={"Content-Type": order.get("content_type", "application/json;charset=UTF-8")},
        body=order.get("body"),
        response_type="RunTaskResponse",
        response_headers=[],
        path_params={},
        post_params={},
        cname=None,
    )
    text = response.raw_content.decode()
    return [response.status_code, json.loads(text) if text else None]


def sign(order):
    """Return the Authorization header of a request."""
    path, _, query = order["target"].partition("?")
    request = SdkRequest(
        method=order["method"],
        schema="http",
        host=order["headers"]["Host"],
        resource_path=path,
        query_params=parse_qsl(query.replace("+", "%2B"), keep_blank_values=True),
        header_params=dict(order["headers"]),
        body=order["body"].encode() if order["body"] else "",
    )
    credentials = BasicCredentials(order["key"], order["secret"])
    return GatewaySigner(credentials).sign(request).header_params["Authorization"]


def answer(order):
    """Do what a line says."""
    if order["do"] == "sign":
        return sign(order)
    try:
        roma = client(order)
        return call(roma, order) if order["do"] == "call" else send(roma, order)
    except ServiceResponseException as error:
        return {"status": error.status_code, "error_code": error.error_code, "error_msg": error.error_msg}


for line in sys.stdin:
    sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
    sys.stdout.flush()

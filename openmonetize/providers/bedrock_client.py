"""Metering of boto3's bedrock-runtime client, at its methods."""

from __future__ import annotations

from typing import Any

from openmonetize.exceptions import ApiTypeError
from openmonetize.providers.detect import CONVERSE
from openmonetize.providers.metered_call import MeteredCall, metered_method
from openmonetize.providers.metering import Metering, ModelChoice, like
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.usage import UsageError
from openmonetize.providers.within_call import WithinCall

_METERED = ("converse", "converse_stream")
FREE = ("count_tokens", "get_async_invoke", "list_async_invokes")


def metered_bedrock(client: Any, metering: Metering) -> Proxy:
    """Return a stand-in for a bedrock-runtime client.

    Raises:
        ApiTypeError: the client is one of another service.
        UsageError: there is no provider and model to bill under.
    """
    if client.meta.service_model.service_name != "bedrock-runtime":
        raise ApiTypeError("of the boto3 clients only bedrock-runtime can be metered")
    check_named(metering.provider, metering.model)

    def converse_stream(**request: Any) -> Any:
        with WithinCall():
            response = client.converse_stream(**request)
        try:
            request_id = response.get("ResponseMetadata", {}).get("RequestId")
            call = MeteredCall(metering, request, dialect=CONVERSE)
            return {**response, "stream": call.stream(response["stream"], response_id=request_id)}
        except Exception as error:
            metering.report(error)
            return response

    passing = {
        name: metering.passing(name, getattr(client, name))
        for name in client.meta.method_to_api_mapping
        if name not in _METERED and name not in FREE and hasattr(client, name)
    }
    return Proxy(
        client,
        {
            **passing,
            "converse": metered_method(metering, client.converse),
            "converse_stream": like(client.converse_stream, converse_stream),
        },
    )


def check_named(provider: str | None, model: ModelChoice) -> None:
    """Raise `UsageError` unless there is a provider and a model to bill under."""
    if provider is None or model is None:
        raise UsageError(
            "AWS Bedrock is not a provider the platform takes: pass provider= and model= (one name, or a mapping from "
            "model ids to names) to bill under"
        )

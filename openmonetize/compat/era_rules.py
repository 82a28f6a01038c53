"""Rules about the two eras: paths that moved, customer ids that the first release requires, routes that are gone."""

from __future__ import annotations

import json
from typing import Any

from openmonetize._http.operation import Operation
from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import NotServedError, OperationCall, Proceed, Rule, is_missing_route
from openmonetize.exceptions import ApiValueError, BadRequestException, ForbiddenException, NotFoundException

# Characters. The platform's framework answers its 404 to a path parameter that is longer.
MAX_PATH_PARAMETER_LENGTH = 100


def raise_not_served(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Raise `NotServedError` for a route that this deployment does not have.

    Present servers answer documented routes (burn tables, four of analytics) with the framework's 404.
    """
    try:
        return proceed(call)
    except NotServedError:
        raise
    except NotFoundException as error:
        if not is_missing_route(error):
            raise
        reason = f"{call.operation.method} {call.operation.path} is not served by this deployment"
        raise NotServedError(
            error.status,
            reason,
            body=error.body,
            headers=error.headers,
            data=error.data,
            request_id=error.request_id,
        ) from None


def try_path_of_either_era(seed_operation: Operation[Any]) -> Rule:
    """Return a rule that tries a route's path of either era, the one that worked last first.

    The first release has the customer id in the paths of users and entitlements; later ones took it out.
    """

    def rule(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
        deployment = call.deployment

        def seed_path() -> ApiResponse[Any]:
            customer_id = call.customer_id()
            return proceed(call._replace(operation=seed_operation).with_values(customer_id=customer_id))

        known_as_seed = deployment.seed_era
        try:
            return seed_path() if known_as_seed else proceed(call)
        except NotFoundException as error:
            if not is_missing_route(error):
                raise
            first_error = error
        try:
            response = proceed(call) if known_as_seed else seed_path()
        except NotFoundException as error:
            if is_missing_route(error):
                raise first_error from None
            deployment.seed_era = not known_as_seed
            raise
        deployment.seed_era = not known_as_seed
        return response

    return rule


def refuse_long_user_id(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Refuse a user id that does not fit into a path.

    The framework answers 404 to longer path parameters, although grants and events take such user ids.
    """
    user_id = call.values.get("user_id")
    if isinstance(user_id, str) and len(user_id) > MAX_PATH_PARAMETER_LENGTH:
        raise ApiValueError(
            f"user_id has {len(user_id)} characters: the platform credits and bills such a user, but shows only "
            f"those of up to {MAX_PATH_PARAMETER_LENGTH} characters; use a shorter id, such as a hash of it"
        )
    return proceed(call)


def send_customer_id_in_body(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Add the customer id to the body if it is known or required.

    The first release requires it; later ones take the customer from the key and drop the field.
    """
    if call.body.customer_id is not None:
        return proceed(call)
    known = call.deployment.known_customer_id(call.options)
    if known is not None:
        return proceed(call.with_fields(customer_id=known))
    try:
        return proceed(call)
    except BadRequestException as error:
        if "customerId" not in (error.message or ""):
            raise
    call.deployment.seed_era = True
    return proceed(call.with_fields(customer_id=call.customer_id()))


def send_customer_id_in_query(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Add the customer id to the query if it is known or required.

    The first release documents it as optional in analytics, and answers 403 without it.
    """
    if call.values.get("customer_id") is not None:
        return proceed(call)
    known = call.deployment.known_customer_id(call.options)
    if known is not None:
        return proceed(call.with_values(customer_id=known))
    try:
        return proceed(call)
    except ForbiddenException:
        customer_id = call.customer_id()
    response = proceed(call.with_values(customer_id=customer_id))
    call.deployment.seed_era = True
    return response


def send_customer_id_in_events(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Add the customer id to events if it is required.

    The first release refuses events without it; later ones overwrite it with that of the key.
    """
    known = call.deployment.known_customer_id(call.options)
    if known is not None and call.deployment.seed_era:
        return proceed(_with_customer(call, known))
    try:
        return proceed(call)
    except BadRequestException as error:
        if "customer_id" not in (error.body or ""):
            raise
        named = _with_customer(call, call.customer_id())
        if named.body == call.body:
            raise
    response = proceed(named)
    call.deployment.seed_era = True
    return response


def _with_customer(call: OperationCall, customer_id: str) -> OperationCall:
    """Return the call with the customer id in every event that has none."""
    if not isinstance(call.body, bytes):
        return call
    events = json.loads(call.body)["events"]
    if all("customer_id" in event for event in events):
        return call
    body = {"events": [{"customer_id": customer_id, **event} for event in events]}
    return call._replace(body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())

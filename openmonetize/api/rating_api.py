# Generated from openapi.yaml by `make generate`; do not edit.
"""RatingApi: Cost calculation and price lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Mapping, Optional, Sequence, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, RequestOptions

if TYPE_CHECKING:
    from openmonetize._schema.model import Int, Num
    from openmonetize.models.provider_name import ProviderName
    from openmonetize.models.v1_rating_calculate_bulk_post200_response import V1RatingCalculateBulkPost200Response
    from openmonetize.models.v1_rating_calculate_bulk_post_request import V1RatingCalculateBulkPostRequest
    from openmonetize.models.v1_rating_calculate_bulk_post_request_calculations_inner import (
        V1RatingCalculateBulkPostRequestCalculationsInner,
    )
    from openmonetize.models.v1_rating_calculate_post200_response import V1RatingCalculatePost200Response
    from openmonetize.models.v1_rating_calculate_post_request import V1RatingCalculatePostRequest
    from openmonetize.models.v1_rating_pricing_get200_response import V1RatingPricingGet200Response


V1_RATING_CALCULATE_BULK_POST: Operation[V1RatingCalculateBulkPost200Response] = Operation(
    "POST",
    "/v1/rating/calculate/bulk",
    {"200": "V1RatingCalculateBulkPost200Response"},
    (),
    body="V1RatingCalculateBulkPostRequest",
    retry="always",
)
V1_RATING_CALCULATE_POST: Operation[V1RatingCalculatePost200Response] = Operation(
    "POST",
    "/v1/rating/calculate",
    {"200": "V1RatingCalculatePost200Response"},
    (),
    body="V1RatingCalculatePostRequest",
    retry="always",
)
V1_RATING_PRICING_GET: Operation[V1RatingPricingGet200Response] = Operation(
    "GET", "/v1/rating/pricing", {"200": "V1RatingPricingGet200Response"}, ()
)


class RatingApi(BaseApi):
    """Cost calculation and price lists."""

    @api_method
    def v1_rating_calculate_bulk_post(
        self,
        v1_rating_calculate_bulk_post_request: Union[V1RatingCalculateBulkPostRequest, Mapping[str, Any], None] = None,
        *,
        customer_id: Optional[str] = None,
        calculations: Optional[
            Sequence[Union[V1RatingCalculateBulkPostRequestCalculationsInner, Mapping[str, Any]]]
        ] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1RatingCalculateBulkPost200Response:
        """Price up to 100 uses without recording them.

        Computes credits and provider cost of 1 to 100 uses of text; nothing is recorded or charged. Results come in the
        order of the request. One model without a price fails the whole call with 500. Burn tables shape these estimates
        but never what events really burn.

        Served by seed-era and present deployments.

        Args:
            v1_rating_calculate_bulk_post_request: The whole body, instead of its fields.
            customer_id: Customer whose burn table applies. Seed-era servers need it; present servers take the customer
                from the key and drop this field.
            calculations: 1 to 100 uses.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The prices.

        Raises:
            ApiException: The call failed, 400, 401, 403, 413, 415, 429, 500.
        """
        return self._call(
            V1_RATING_CALCULATE_BULK_POST,
            _options,
            {},
            v1_rating_calculate_bulk_post_request,
            {"customer_id": customer_id, "calculations": calculations},
        )

    v1_rating_calculate_bulk_post_with_http_info = with_http_info(v1_rating_calculate_bulk_post)
    v1_rating_calculate_bulk_post_without_preload_content = without_preload_content(v1_rating_calculate_bulk_post)

    @api_method
    def v1_rating_calculate_post(
        self,
        v1_rating_calculate_post_request: Union[V1RatingCalculatePostRequest, Mapping[str, Any], None] = None,
        *,
        customer_id: Optional[str] = None,
        provider: Optional[ProviderName] = None,
        model: Optional[str] = None,
        input_tokens: Optional[Int] = None,
        output_tokens: Optional[Int] = None,
        type: Optional[Literal["text", "image", "video"]] = None,
        count: Optional[Int] = None,
        duration_seconds: Optional[Num] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1RatingCalculatePost200Response:
        """Price one use without recording it.

        Computes credits and provider cost of one use; nothing is recorded or charged. The published contract and the
        rating engine disagree on the answer, so read `providerCostUsd` where `cost` is absent. Present servers turn
        every success into a 500: a bulk calculation with one element works there (text only). Burn tables shape this
        estimate but never what events really burn. A model without a price is a 404.

        Served by seed-era and present deployments.

        Args:
            v1_rating_calculate_post_request: The whole body, instead of its fields.
            customer_id: Customer whose burn table applies. Seed-era servers need it; present servers take the customer
                from the key and drop this field.
            provider: AI provider.
            model: Model name exactly as the platform prices it.
            input_tokens: Input in tokens. Text needs it by the published contract and on seed-era servers.
            output_tokens: Output in tokens. Text needs it by the published contract and on seed-era servers.
            type: What is priced; text without it. Present servers only.
            count: Number of images, or of units of video. 1 without it. Present servers only.
            duration_seconds: Length of the video in seconds. Accepted by present servers and not used: a video is
                priced by `count`.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The price.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 413, 415, 429, 500.
        """
        return self._call(
            V1_RATING_CALCULATE_POST,
            _options,
            {},
            v1_rating_calculate_post_request,
            {
                "customer_id": customer_id,
                "provider": provider,
                "model": model,
                "input_tokens": input_tokens,
                "output_tokens": output_tokens,
                "type": type,
                "count": count,
                "duration_seconds": duration_seconds,
            },
        )

    v1_rating_calculate_post_with_http_info = with_http_info(v1_rating_calculate_post)
    v1_rating_calculate_post_without_preload_content = without_preload_content(v1_rating_calculate_post)

    @api_method
    def v1_rating_pricing_get(self, **_options: Unpack[RequestOptions]) -> V1RatingPricingGet200Response:
        """List the prices of all models.

        Returns the provider prices of each provider and model, in US dollars. There is no paging. Names are the
        platform's own spelling: an event under another name is billed at a fall-back price on present servers and at
        nothing on seed-era ones.

        Served by seed-era and present deployments.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The price list.

        Raises:
            ApiException: The call failed, 401, 429, 500.
        """
        return self._call(V1_RATING_PRICING_GET, _options)

    v1_rating_pricing_get_with_http_info = with_http_info(v1_rating_pricing_get)
    v1_rating_pricing_get_without_preload_content = without_preload_content(v1_rating_pricing_get)

    calculate_bulk = v1_rating_calculate_bulk_post
    calculate = v1_rating_calculate_post
    pricing = v1_rating_pricing_get

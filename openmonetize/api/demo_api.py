# Generated from openapi.yaml by `make generate`; do not edit.
"""DemoApi: A pretended generation, for demonstrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, RequestOptions

if TYPE_CHECKING:
    from openmonetize.models.v1_demo_generate_post200_response import V1DemoGeneratePost200Response
    from openmonetize.models.v1_demo_generate_post_request import V1DemoGeneratePostRequest


V1_DEMO_GENERATE_POST: Operation[V1DemoGeneratePost200Response] = Operation(
    "POST",
    "/v1/demo/generate",
    {"200": "V1DemoGeneratePost200Response"},
    (),
    body="V1DemoGeneratePostRequest",
    auth="none",
)


class DemoApi(BaseApi):
    """A pretended generation, for demonstrations."""

    @api_method
    def v1_demo_generate_post(
        self,
        v1_demo_generate_post_request: Union[V1DemoGeneratePostRequest, Mapping[str, Any], None] = None,
        *,
        prompt: Optional[str] = None,
        model: Optional[str] = None,
        provider: Optional[str] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1DemoGeneratePost200Response:
        """Get a canned completion from the demo.

        Waits about 0.8 seconds, answers in the shape of a chat completion without asking any model, and meters the
        pretended tokens on the demo customer. Needs no key. 404 unless the deployment runs in demo mode; present
        deployments never have it.

        Served by seed-era deployments.

        Args:
            v1_demo_generate_post_request: The whole body, instead of its fields.
            prompt: Text to answer. Its length decides the prompt tokens: one for every four characters, rounded up.
            model: Model name to report; `gpt-4` if left out.
            provider: Provider to report; `openai` if left out.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The canned completion.

        Raises:
            ApiException: The call failed, 400, 404, 413, 415, 429, 500.
        """
        return self._call(
            V1_DEMO_GENERATE_POST,
            _options,
            {},
            v1_demo_generate_post_request,
            {"prompt": prompt, "model": model, "provider": provider},
        )

    v1_demo_generate_post_with_http_info = with_http_info(v1_demo_generate_post)
    v1_demo_generate_post_without_preload_content = without_preload_content(v1_demo_generate_post)

    generate = v1_demo_generate_post

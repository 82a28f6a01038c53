"""The page about constructs of contracts: `python -m codegen.page` in the folder of the tests writes it."""

from __future__ import annotations

from .foreign_contracts import CONTRACTS, Foreign
from .generated import ROOT
from .refusals import REFUSALS

PAGE = ROOT / "docs" / "contract-support.md"

# What is supported, and the test that uses it over loopback.
SUPPORTED = {
    "OpenAPI 3.0 and 3.1, in YAML or JSON, in one file or several": "test_a_contract_may_be_json_and_of_several_files",
    "path-level parameters; defaults in docs": "test_a_query_is_written_as_the_contract_says",
    "lists in a query, repeated or with commas": "test_a_query_is_written_as_the_contract_says",
    "limits, patterns and allowed values of arguments": "test_arguments_that_do_not_fit_are_refused",
    "numbers, dates and times in query and path": "test_numbers_and_dates_in_a_path_and_a_time_as_the_answer",
    "operations without an operationId": "test_numbers_and_dates_in_a_path_and_a_time_as_the_answer",
    "lists, maps and single values as answers": "test_maps_of_models_that_hold_each_other",
    "lists, maps and unions as bodies": "test_bodies_that_are_unions_lists_and_models",
    "named lists of values; new ones in answers are kept": "test_a_query_is_written_as_the_contract_says",
    "oneOf and anyOf, with a discriminator or told apart by properties": "test_properties_tell_unions_apart",
    "allOf, nullable and null, const": "test_bodies_that_are_unions_lists_and_models",
    "readOnly and writeOnly; schemas that are sent and received": "test_arguments_that_do_not_fit_are_refused",
    "schemas that hold each other": "test_maps_of_models_that_hold_each_other",
    "names that Python or pydantic have": "test_maps_of_models_that_hold_each_other",
    "deprecated": "test_a_deprecated_operation_warns",
    "several answers to a call that went well": "test_the_generated_client_passes_a_strict_type_checker",
    "text and bytes as answers": "test_text_is_asked_for_and_returned_as_text",
    "errors with models of their own: a status, `4XX`, `default`": "test_errors_have_the_model_of_their_range",
    "servers; headers of answers": "test_servers_and_headers_of_answers_reach_the_caller",
    "lists with rows, and their pages": "test_a_list_has_rows_and_its_pages_are_read_to_the_end",
    "any text in descriptions": "test_any_text_may_describe_anything",
}


def rendered() -> str:
    """Return the page."""
    lines = [
        "# What a contract may say",
        "",
        "`make generate` reads `openapi.yaml` completely: what it does not know is refused, with file and line, and",
        "then nothing is changed. What is generated is imported and built before it replaces anything. This page is",
        "written from the tests.",
        "",
        "| supported | test |",
        "| --- | --- |",
        *(f"| {construct} | `{test}` |" for construct, test in SUPPORTED.items()),
        "",
        "| refused | in these words |",
        "| --- | --- |",
        *(f"| {refusal.construct} | {_said(refusal.message)} |" for refusal in REFUSALS),
        "",
        "## Contracts of others",
        "",
        "Each of these is generated, type-checked, and called over loopback. Where the contract alone is refused, an",
        "overlay in [test/codegen/foreign](../test/codegen/foreign/README.md) says what the client needs to know, and",
        "leaves out what it cannot do: overlays for other contracts can be written after them.",
        "",
        "| contract | calls | models | refused without its overlay |",
        "| --- | --- | --- | --- |",
        *(_row(foreign) for foreign in CONTRACTS),
    ]
    return "\n".join(lines) + "\n"


def _row(foreign: Foreign) -> str:
    refused = ", ".join(f"{kind} ({count})" for kind, count in foreign.refused.items()) or "nothing"
    return f"| {foreign.name} | {foreign.operations} | {foreign.models} | {refused} |"


def _said(message: str) -> str:
    return "`" + message.replace("|", "\\|") + "`"


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")

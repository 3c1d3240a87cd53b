"""The rules of a generateContent request that no single field can tell."""

from typing import Any

from .models import OUTPUT_MAX, Model, bad
from .schemas import check_json_schema, check_openapi_schema
from .signatures import check_signatures, decoded

Body = dict[str, Any]
DATA = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
JSON = "application/json"


def check(body: Body, model: Model) -> None:
    check_contents(body["contents"])
    if not model.prefill and body["contents"][-1].get("role") == "model":
        raise bad("The last content must not have the role model.")
    check_answers(body["contents"])
    check_pictures(body["contents"], model)
    check_signatures(body["contents"], required=model.is_third)
    check_declarations(body)
    check_calling(body)
    config = body.get("generationConfig", {})
    check_output(config)
    check_format(body, config, model)
    check_penalties(config, model)
    check_thinking(config.get("thinkingConfig", {}), model)


def check_contents(contents: list[Body]) -> None:
    if not contents:
        raise bad("* GenerateContentRequest.contents: contents is not specified")
    for index, content in enumerate(contents):
        if not content["parts"]:
            raise bad(f"* GenerateContentRequest.contents[{index}].parts: contents.parts must not be empty.")
        for nth, part in enumerate(content["parts"]):
            check_part(part, f"contents[{index}].parts[{nth}]")


def check_part(part: Body, place: str) -> None:
    held = [field for field in DATA if field in part]
    if len(held) > 1:
        raise bad(f"Invalid value at '{place}' (oneof), oneof field 'data' is already set. Cannot set '{held[1]}'")
    if not held:
        raise bad(f"* GenerateContentRequest.{place}.data: required oneof field 'data' must have one initialized field")
    if "inlineData" in part and decoded(part["inlineData"]["data"]) is None:
        raise bad(f"Invalid value at '{place}.inline_data.data' (TYPE_BYTES), Base64 decoding failed")


def check_answers(contents: list[Body]) -> None:
    """Calls come from the model after a user's turn; the next turn answers each of them, in order, and nothing else
    is answered."""
    pending: list[Body] = []
    for index, content in enumerate(contents):
        role = content.get("role", "user")
        calls, answers = held(content, "functionCall"), held(content, "functionResponse")
        if calls and (role != "model" or index == 0 or contents[index - 1].get("role", "user") != "user"):
            raise bad(
                "Please ensure that function call turn comes immediately after a user turn or after a function "
                "response turn."
            )
        if answers and (role != "user" or not pending):
            raise bad("Please ensure that function response turn comes immediately after a function call turn.")
        if len(answers) != len(pending):
            raise bad(
                "Please ensure that the number of function response parts is equal to the number of function "
                "call parts of the function call turn."
            )
        for call, answer in zip(pending, answers, strict=True):
            if call["name"] != answer["name"] or call.get("id") != answer.get("id"):
                raise bad(
                    f"Function response {answer.get('id', '')} '{answer['name']}' does not match function call "
                    f"{call.get('id', '')} '{call['name']}'."
                )
        pending = calls
    if pending:
        raise bad("Please ensure that function call turn is followed by a function response turn.")


def check_pictures(contents: list[Body], model: Model) -> None:
    for content in contents:
        if not model.is_third and any("parts" in answer for answer in held(content, "functionResponse")):
            raise bad("Multimodal function response is not supported for this model.")


def held(content: Body, field: str) -> list[Body]:
    return [part[field] for part in content["parts"] if field in part]


def declarations(body: Body) -> list[Body]:
    return [declaration for tool in body.get("tools", ()) for declaration in tool["functionDeclarations"]]


def check_declarations(body: Body) -> None:
    names: set[str] = set()
    for index, declaration in enumerate(declarations(body)):
        place = f"tools[0].function_declarations[{index}]"
        if declaration["name"] in names:
            raise bad(f"Duplicate function declaration found: {declaration['name']}")
        names.add(declaration["name"])
        if "parameters" in declaration and "parametersJsonSchema" in declaration:
            raise bad(f"* GenerateContentRequest.{place}: parameters and parameters_json_schema are mutually exclusive")
        if "parameters" in declaration:
            check_openapi_schema(declaration["parameters"], f"{place}.parameters")
        if "parametersJsonSchema" in declaration:
            check_object_schema(declaration["parametersJsonSchema"], f"{place}.parameters_json_schema")


def check_object_schema(schema: Body, place: str) -> None:
    if schema.get("type") != "object" and "$ref" not in schema:
        raise bad(f"* GenerateContentRequest.{place}: schema should be of type OBJECT")
    check_json_schema(schema, place)


def check_calling(body: Body) -> None:
    calling = body.get("toolConfig", {}).get("functionCallingConfig")
    names = {declaration["name"] for declaration in declarations(body)}
    if calling is None:
        return
    if not names:
        raise bad("Function calling config is set without function_declarations.")
    allowed = calling.get("allowedFunctionNames", [])
    if allowed and calling.get("mode", "AUTO").upper() not in ("ANY", "VALIDATED"):
        raise bad("Allowed function names should be set only when function calling mode is ANY or VALIDATED.")
    for name in allowed:
        if name not in names:
            raise bad(f"Allowed function name '{name}' is not declared in function_declarations.")


def check_output(config: Body) -> None:
    if config.get("maxOutputTokens", 1) > OUTPUT_MAX:
        raise bad(
            f"Unable to submit request because it has a maxOutputTokens value of {config['maxOutputTokens']} "
            f"but the supported range is from 1 (inclusive) to {OUTPUT_MAX + 1} (exclusive)."
        )


def check_format(body: Body, config: Body, model: Model) -> None:
    mime = config.get("responseMimeType")
    for field, check_schema in (("responseSchema", check_openapi_schema), ("responseJsonSchema", check_json_schema)):
        if field in config:
            if mime not in (JSON, "text/x.enum"):
                raise bad(f"{field} can only be used with mime type {JSON}")
            check_schema(config[field], f"generation_config.{field}")
    if "responseSchema" in config and "responseJsonSchema" in config:
        raise bad("Only one of response_schema and response_json_schema may be set")
    if mime == JSON and declarations(body) and not model.is_third:
        raise bad(f"Function calling with a response mime type: '{JSON}' is unsupported")


def check_penalties(config: Body, model: Model) -> None:
    if not model.penalties and (config.get("presencePenalty") or config.get("frequencyPenalty")):
        raise bad(f"Penalty is not enabled for models/{model.name}")


def check_thinking(thinking: Body, model: Model) -> None:
    budget, level = thinking.get("thinkingBudget"), thinking.get("thinkingLevel", "").upper() or None
    if budget is not None and level is not None:
        raise bad("You can only set only one of thinking budget and thinking level.")
    if level is not None and level not in model.levels:
        raise bad(
            f"Thinking level {level} is not supported for this model."
            if model.levels
            else "Thinking level is not supported for this model."
        )
    if budget is not None and model.budgets and budget != -1:
        low, high = model.budgets
        if budget == 0 and low > 0:
            raise bad("Budget 0 is invalid. This model only works in thinking mode.")
        if not low <= budget <= high:
            raise bad(f"The thinking budget {budget} is invalid. Please choose a value between {low} and {high}.")
    if budget == 0 and thinking.get("includeThoughts"):
        raise bad("Unable to submit request because include_thoughts is only enabled when thinking is enabled.")

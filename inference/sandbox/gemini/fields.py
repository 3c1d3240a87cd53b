"""What a generateContent request is made of."""

from ..validators import Rule, anything, array, flag, integer, mapping, number, one_of, record, text


def enum(*names: str) -> Rule:
    """Google takes the names of an enum in small letters too."""
    return one_of(*names, *(name.lower() for name in names))


NAME = text(pattern=r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
MEDIA = one_of(
    "image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "application/pdf", "text/plain", "text/html",
    "text/css", "text/csv", "text/markdown", "text/xml", "audio/wav", "audio/mpeg", "audio/mp3", "audio/aiff",
    "audio/aac", "audio/ogg", "audio/flac", "image/gif", "video/mp4", "video/mpeg", "video/mov", "video/avi",
    "video/x-flv", "video/mpg", "video/webm", "video/wmv", "video/3gpp",
)  # fmt: skip
BLOB = record({"mimeType": MEDIA, "data": text(least=1)}, ["mimeType", "data"])
FILE = record({"mimeType": MEDIA, "fileUri": text(pattern=r"https://.+")}, ["mimeType", "fileUri"])
SHOWN = record({"inlineData": BLOB, "fileData": FILE})
ANSWER = record(
    {"id": text(), "name": text(least=1), "response": mapping(anything), "parts": array(SHOWN, least=1)},
    ["name", "response"],
)
PART = record({
    "text": text(),
    "thought": flag,
    "thoughtSignature": text(least=1),
    "inlineData": BLOB,
    "fileData": FILE,
    "functionCall": record({"id": text(), "name": text(least=1), "args": mapping(anything)}, ["name"]),
    "functionResponse": ANSWER,
})  # fmt: skip
CONTENT = record({"role": one_of("user", "model"), "parts": array(PART)}, ["parts"])
SYSTEM = record(
    {"role": text(), "parts": array(record({"text": text(least=1), "thought": flag}, ["text"]), least=1)}, ["parts"]
)

DECLARATION = record({
    "name": NAME,
    "description": text(),
    "parameters": mapping(anything),
    "parametersJsonSchema": mapping(anything),
    "response": mapping(anything),
    "responseJsonSchema": mapping(anything),
}, ["name"])  # fmt: skip
TOOL = record({"functionDeclarations": array(DECLARATION, least=1, most=512)}, ["functionDeclarations"])
CALLING = record({"mode": enum("AUTO", "ANY", "NONE", "VALIDATED"), "allowedFunctionNames": array(text())})

LEVEL = enum("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")
THINKING = record({"includeThoughts": flag, "thinkingBudget": integer(), "thinkingLevel": LEVEL})
GENERATION = record({
    "temperature": number(0, 2),
    "topP": number(0, 1),
    "topK": number(1),
    "candidateCount": integer(1, 1),
    "maxOutputTokens": integer(1),
    "stopSequences": array(text(least=1), most=5),
    "seed": integer(-(2**31), 2**31 - 1),
    "presencePenalty": number(-2, 2),
    "frequencyPenalty": number(-2, 2),
    "responseMimeType": one_of("text/plain", "application/json", "text/x.enum"),
    "responseSchema": mapping(anything),
    "responseJsonSchema": mapping(anything),
    "responseModalities": array(one_of("TEXT"), least=1),
    "mediaResolution": one_of("MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"),
    "thinkingConfig": THINKING,
})  # fmt: skip

REQUEST = record({
    "contents": array(CONTENT),
    "systemInstruction": SYSTEM,
    "generationConfig": GENERATION,
    "tools": array(TOOL),
    "toolConfig": record({"functionCallingConfig": CALLING}),
    "safetySettings": array(record({"category": text(), "threshold": text()}, ["category", "threshold"])),
}, ["contents"])  # fmt: skip

"""Google's generateContent: fields, schemas, the rules between parts, the conversation in plain words, the wire."""

"""What the inference API answers, as its OpenAPI document says it. A completion itself is written by answer.py."""

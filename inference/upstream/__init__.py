"""The wire to the providers.

client             the only file that knows httpx
providers          who they are, and their keys
content_encoding   compressed answers, decoded in bounded pieces
idle_timeout       a bound on silence, with one timer
image_fetch        images by https, for providers that fetch none
"""
